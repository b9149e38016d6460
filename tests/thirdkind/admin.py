from django.contrib import admin

from tests.thirdkind.models import Poll
from timeline.content_admin import ItemAdmin


@admin.register(Poll)
class PollAdmin(ItemAdmin):
    fieldsets = [*ItemAdmin.common, ("The poll", {"fields": ["choices"]})]
