# The app alone, without PyTorch: about 1 GB. How to run it: docs/deploy.md.
FROM python:3.12-slim AS base
# Shared libraries of opencv-python.
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

FROM base AS built
WORKDIR /retake
COPY requirements-serve.lock requirements-postgres.lock ./
# Every file is checked against the hashes in the lock files; pip check says if one was missing.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-serve.lock -r requirements-postgres.lock \
    && /venv/bin/pip check
COPY . .
# What browsers check pictures with is fetched and laid out here: the running container writes nothing below /retake.
RUN /venv/bin/python -m core.browser.runtime && /venv/bin/python -m core.browser.publish

FROM base
RUN useradd --system --uid 10001 --home-dir /data retake && install -d -o retake /data
COPY --from=built /venv /venv
COPY --from=built /retake /retake
WORKDIR /retake
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RETAKE_DATA=/data
USER retake
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["/venv/bin/python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/readyz', timeout=15)"]
CMD ["/venv/bin/python", "-m", "streamlit", "run", "serve.py", "--server.headless", "true", \
    "--server.address", "0.0.0.0", "--server.port", "8501"]
