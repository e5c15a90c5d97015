"""Routes of tools: those that ship, and those of the project's auth configs."""

from typing import Annotated, Any

from ninja import Query, Router, Schema
from pydantic import Field

from integrations.api.access import ApiRequest, requires
from integrations.api.pagination import Page, PageQuery
from integrations.api.text import ShortText
from integrations.models.api_key import Scope
from integrations.tools.listing import ListedTool, find_tool, list_tools

router = Router(tags=["tools"])


class ToolOut(Schema):
    """A named endpoint. `inputs` is a JSON Schema (2020-12) that a model may be given as it is."""

    name: str
    toolkit: str
    id: str | None = Field(description="Null for a tool that ships with Evergrant.")
    auth_config_id: str | None = Field(description="Whose it is; null for one that ships.")
    title: str
    description: str
    method: str
    path: str
    inputs: dict[str, Any]
    scopes: list[list[str]] = Field(description="All are needed; of each list, any one.")
    annotations: dict[str, Any] = Field(description="Hints of the Model Context Protocol.")
    placement: dict[str, dict[str, Any]] = Field(
        description="Where each input goes; without those that something is made of."
    )
    paging: dict[str, Any] | None = Field(description="How the next page is asked for.")
    items: str | None = Field(description="A JSON pointer to the list in the answer.")

    @staticmethod
    def of(listed: ListedTool) -> "ToolOut":
        """Return what is shown of a tool. What it sends in every call is left out."""
        tool = listed.definition
        return ToolOut(
            name=tool.name,
            toolkit=listed.toolkit,
            id=listed.id,
            auth_config_id=listed.auth_config_id,
            title=tool.title,
            description=tool.description,
            method=tool.method,
            path=tool.path,
            inputs=tool.inputs,
            scopes=[list(choices) for choices in tool.scopes],
            annotations=tool.annotations,
            placement={
                name: place.model_dump(by_alias=True, exclude_none=True)
                for name, place in tool.placements.items()
            },
            paging=tool.paging.model_dump(exclude_none=True) if tool.paging else None,
            items=tool.output.items,
        )


class ToolQuery(PageQuery):
    """Which tools to list."""

    toolkit: ShortText | None = None
    auth_config_id: Annotated[
        ShortText | None, Field(description="Only those that there are for this auth config.")
    ] = None


@router.get("/tools", response=Page[ToolOut])
@requires(Scope.READ)
def list_all(request: ApiRequest, query: Query[ToolQuery]) -> dict[str, object]:
    """The project's own tools, newest first, then those that ship, by name."""
    page = list_tools(
        project=request.auth.project,
        toolkit=query.toolkit,
        auth_config_id=query.auth_config_id,
        cursor=query.cursor or "",
        limit=query.limit,
    )
    return {"items": [ToolOut.of(item) for item in page.items], "next_cursor": page.next_cursor}


@router.get("/tools/{tool_name}", response=ToolOut)
@requires(Scope.READ)
def get_one(request: ApiRequest, tool_name: str) -> ToolOut:
    """One tool by its name, or one of the project's own by its id."""
    return ToolOut.of(find_tool(project=request.auth.project, name=tool_name))
