import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timeline.settings")

django = get_wsgi_application()

from timeline.pagecache import PageCache  # noqa: E402  (models are there only now)

application = PageCache(django) if settings.PAGE_CACHE_MB else django

# What is loaded by now stays. The garbage collector stops every thread while it looks through all objects, which took
# 50 ms with these and takes 10 without. After that it looks a third as often as by itself: that was a twentieth of the
# work for a page.
gc.freeze()
gc.set_threshold(2_000)
