"""The rules by which our central system answers BootNotification (OCPP 1.6 §4.2)."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.csms_schemas import BootRuleBody, BootRuleList
from evswarm_controller.context import ContextOf
from evswarm_controller.problems import documented
from evswarm_shared.bus.csms_records import BootRule

router = APIRouter(prefix="/csms/boot-rules", tags=["csms"])


@router.get("", response_model=BootRuleList, responses=documented())
async def read_boot_rules(context: ContextOf) -> Response:
    """The rules in their order; without any, every station that gets in is Accepted."""
    rules = await context.bus.read_boot_rules()
    return views.json_response({"rules": rules})


@router.put("", response_model=BootRuleList, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY))
async def write_boot_rules(context: ContextOf, body: BootRuleList) -> Response:
    """Replace the rules. They count for the next BootNotification; stations that are accepted stay so until then."""
    rules = [_rule(each) for each in body.rules]
    await context.bus.write_boot_rules(rules)
    return views.json_response({"rules": rules})


def _rule(body: BootRuleBody) -> BootRule:
    return BootRule(**body.model_dump())
