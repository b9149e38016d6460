import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timeline.settings")

application = get_wsgi_application()

# What is loaded by now stays. The garbage collector stops every thread while it looks through all objects, which took
# 50 ms with these and takes 10 without.
gc.freeze()
