"""Routes of bulk jobs: start one on the project's own accounts, watch it, cancel it."""

from django.utils import timezone
from ninja import Query, Router, Status

from connections.api.bulk_schemas import BulkJobIn, BulkJobOut
from connections.bulk.starting import Asker, start_on_filter
from connections.bulk.steering import cancel_job, resume_job
from connections.errors import BulkJobOfStaff
from connections.models import BulkJob
from connections.models.bulk import Kind, RunsFor
from integrations.api.access import ApiRequest, get_or_404, requires
from integrations.api.pagination import Page, PageQuery, paginate
from integrations.errors import InvalidInput, NotFound
from integrations.models import AuthConfig
from integrations.models.api_key import Scope

router = Router(tags=["bulk jobs"])


def find_job(request: ApiRequest, job_id: str) -> BulkJob:
    """Return the job of the caller's project alone. Raises NotFound."""
    jobs = BulkJob.objects.in_project(request.auth.project)
    job = None if "\x00" in job_id else jobs.filter(pk=job_id).first()
    if job is None:
        message = f"There is no bulk job {job_id!r} in this project."
        raise NotFound(message)
    return job


def find_job_of_key(request: ApiRequest, job_id: str) -> BulkJob:
    """Return a job that a key may steer: a key that has leaked must not end what staff began.

    Raises:
        NotFound: there is none in the project.
        BulkJobOfStaff: it runs with the rights of staff, or of who has the host.
    """
    job = find_job(request, job_id)
    if job.runs_for != RunsFor.KEY:
        raise BulkJobOfStaff
    return job


@router.post("/refresh", response={201: BulkJobOut})
@requires(Scope.WRITE)
def refresh(request: ApiRequest, body: BulkJobIn) -> Status[BulkJob]:
    """Refresh all accounts that match, in the background and under all limits."""
    return Status(201, _started(request, body, Kind.REFRESH))


@router.post("/revoke", response={201: BulkJobOut})
@requires(Scope.WRITE)
def revoke(request: ApiRequest, body: BulkJobIn) -> Status[BulkJob]:
    """End the grants of all accounts that match, here and at the services, in the background."""
    return Status(201, _started(request, body, Kind.REVOKE))


def _started(request: ApiRequest, body: BulkJobIn, kind: Kind) -> BulkJob:
    return start_on_filter(
        kind=kind, facts=_facts(request, body), asker=Asker.of_key(request.auth), note=body.note
    )


def _facts(request: ApiRequest, body: BulkJobIn) -> dict[str, str]:
    """Return the filter. Raises InvalidInput, NotFound."""
    given = body.model_dump(exclude_none=True, exclude={"note", "auth_config_id"})
    if body.auth_config_id is not None:
        given["auth_config"] = get_or_404(request, AuthConfig.objects.all(), body.auth_config_id).pk
    if not given:
        message = "Say which accounts: give at least one of the filters."
        raise InvalidInput(message)
    return {**given, "project": request.auth.project_id}


@router.get("", response=Page[BulkJobOut])
@requires(Scope.READ)
def list_jobs(request: ApiRequest, query: Query[PageQuery]) -> dict[str, object]:
    """The project's bulk jobs, newest first."""
    return paginate(BulkJob.objects.in_project(request.auth.project), query)


@router.get("/{job_id}", response=BulkJobOut)
@requires(Scope.READ)
def get_job(request: ApiRequest, job_id: str) -> BulkJob:
    """One bulk job, with how far it is."""
    return find_job(request, job_id)


@router.post("/{job_id}/cancel", response=BulkJobOut)
@requires(Scope.WRITE)
def cancel(request: ApiRequest, job_id: str) -> BulkJob:
    """Have nothing more be done; what is done stays. Only of a job that a key has started."""
    job = find_job_of_key(request, job_id)
    cancel_job(job=job, now=timezone.now())
    return job


@router.post("/{job_id}/resume", response=BulkJobOut)
@requires(Scope.WRITE)
def resume(request: ApiRequest, job_id: str) -> BulkJob:
    """Let a cancelled job that a key has started go on, with the rights of this key."""
    job = find_job_of_key(request, job_id)
    resume_job(job=job, asker=Asker.of_key(request.auth))
    return job
