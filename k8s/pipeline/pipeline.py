"""The pipeline for Kubeflow Pipelines v2: crawl, rank, summarize, export and report, each one command of the one image.

What the steps share is the store; the files between them say which shops were crawled and which products won.
scripts/pipeline makes pipeline.yaml of this, and docs/operations.md says how it is run.
"""

import sys

from kfp import compiler, dsl, kubernetes

IMAGE = "trouvaille:0.1.0"
PROGRAM = "/usr/local/bin/trouvaille"
SECRET = "trouvaille-secrets"
CONFIG_MAP = "trouvaille-pipeline"
USER = 65532  # the image's
# Keys of the Secret, which k8s/base uses too, and of the ConfigMap, and the variables that they go into.
STORE = {"store": "TROUVAILLE__STORE", "mongodb-password": "TROUVAILLE__MONGODB__PASSWORD"}
LLM_KEY = {"llm-api-key": "TROUVAILLE__LLM__API_KEY"}
CONTACT = {"contact-url": "TROUVAILLE__CRAWL__CONTACT_URL"}
MODEL = {"llm-model": "TROUVAILLE__LLM__MODEL", "llm-base-url": "TROUVAILLE__LLM__BASE_URL"}


def command(*args) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image=IMAGE, command=[PROGRAM], args=[*args, "--log", "json"])


@dsl.container_component
def crawl(report: dsl.Output[dsl.Dataset]):
    """Crawls the shops of the store that are due. Some of them are always closed: the others go on."""
    return command("crawl", "--all", "--any-outcome", "--out", report.path)


@dsl.container_component
def rank(k: int, report: dsl.Input[dsl.Dataset], top_k: dsl.Output[dsl.Dataset]):
    """Ranks the products of these shops, and stores the ranking."""
    return command("rank", "-k", k, "--in", report.path, "--out", top_k.path)


@dsl.container_component
def summarize(
    language: str,
    max_requests: int,
    top_k: dsl.Input[dsl.Dataset],
    summaries: dsl.Output[dsl.Dataset],
    brief: dsl.Output[dsl.Markdown],
):
    """Says what the data says of the products that won. What the budget leaves is left for the next run."""
    return command(
        "summarize",
        "--any-outcome",
        "--lang",
        language,
        "--max-requests",
        max_requests,
        "--in",
        top_k.path,
        "--out",
        summaries.path,
        f"--brief={brief.path}",
    )


@dsl.container_component
def export(products: dsl.Output[dsl.Dataset]):
    """Writes every product that is not gone, as CSV."""
    return command("export", "products", "--out", products.path)


@dsl.container_component
def report(k: int, page: dsl.Output[dsl.HTML]):
    """Writes the page that says what wins and why."""
    return command("report", "-k", k, "--out", page.path)


def operate(task: dsl.PipelineTask) -> None:
    """What every step needs of the cluster. No limit of CPU, which would only slow it down."""
    task.set_cpu_request("250m").set_memory_request("192Mi").set_memory_limit("512Mi")
    # A second run is to see what changed since the first. What is done already is not done twice anyway.
    task.set_caching_options(False)
    # Every step may be called again at any point. A crawl that was killed goes on where it stopped.
    task.set_retry(3, backoff_duration="60s", backoff_factor=2, backoff_max_duration="600s")
    kubernetes.set_timeout(task, seconds=3600)
    kubernetes.set_security_context(task, run_as_user=USER, run_as_group=USER, run_as_non_root=True)
    kubernetes.use_secret_as_env(task, SECRET, STORE)


@dsl.pipeline(name="trouvaille", description="Finds the products that win: crawl, rank, summarize, export, report.")
def trouvaille(k: int = 50, language: str = "en", max_requests: int = 200):
    crawled = crawl()
    ranked = rank(k=k, report=crawled.outputs["report"])
    summarized = summarize(language=language, max_requests=max_requests, top_k=ranked.outputs["top_k"])
    exported = export().after(crawled)
    reported = report(k=k).after(summarized)

    for task in (crawled, ranked, summarized, exported, reported):
        operate(task)
    # What a crawl that was ended by this has not done yet is done by the next try.
    kubernetes.set_timeout(crawled, seconds=6 * 3600)
    kubernetes.use_config_map_as_env(crawled, CONFIG_MAP, CONTACT, optional=True)
    kubernetes.use_config_map_as_env(summarized, CONFIG_MAP, MODEL, optional=True)
    kubernetes.use_secret_as_env(summarized, SECRET, LLM_KEY, optional=True)


if __name__ == "__main__":
    compiler.Compiler().compile(trouvaille, sys.argv[1])
