FROM python:3.13-slim AS build
WORKDIR /site
ARG REQUIREMENTS
COPY ${REQUIREMENTS:-requirements.txt} requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# The secret signs nothing here; the real one comes with the container's environment.
RUN DEBUG=0 ALLOWED_HOSTS=localhost VAR_DIR=/tmp SECRET_KEY=$(python -c "import secrets; print(secrets.token_hex(32))") \
    STATIC_ROOT=/static /venv/bin/python manage.py collectstatic --no-input

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DEBUG=0 VAR_DIR=/data STATIC_ROOT=/static
# Fonts of share images: emoji, and letters that our own do not have.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-dejavu-core fonts-noto-color-emoji \
    && rm -rf /var/lib/apt/lists/*
# The folders belong to the user here so that new volumes in their places do, too.
RUN useradd --system --uid 1000 site && install -d -o site /data /data/media /data/backups
COPY --from=build /venv /venv
COPY --from=build /static /static
COPY --from=build /site /site
WORKDIR /site
USER site
EXPOSE 8000
ENV GRANIAN_HOST=0.0.0.0 GRANIAN_PORT=8000
CMD ["python", "manage.py", "serve"]
