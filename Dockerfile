# The platform's image: locked versions with hashes, built in one stage, run without tools in the next.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /build && /build/bin/pip install --require-hashes -r requirements.lock
COPY . .
# The fleet's wheel builds the pages with the Node of the lock.
RUN /build/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /wheels \
    ./broker ./geo ./ingest ./fleet ./firmware-sim .
RUN /build/bin/python deploy/runtime_lock.py requirements.lock /wheels > /wheels/runtime.lock \
    && python -m venv /opt/gongfu \
    && /opt/gongfu/bin/pip install --require-hashes -r /wheels/runtime.lock \
    && /opt/gongfu/bin/pip install --no-index --no-deps /wheels/*.whl \
    && /opt/gongfu/bin/pip uninstall --yes pip setuptools

FROM python:3.11.14-slim-bookworm
# pg_dump for 'gongfu backup', of the same major version as the server in docker-compose.yml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/*
# 1883 is also the user of the mosquitto image: both read the generated broker files. Volumes take
# over the owner of these folders when they are first mounted.
RUN groupadd --gid 1883 gongfu \
    && useradd --uid 1883 --gid 1883 --no-create-home --home-dir /state --shell /usr/sbin/nologin gongfu \
    && install --directory --owner=1883 --group=1883 --mode=0700 /state /broker-files /caddy-data
COPY --from=build /opt/gongfu /opt/gongfu
ENV PATH=/opt/gongfu/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GONGFU_STATE=/state
USER 1883:1883
WORKDIR /state
ENTRYPOINT ["gongfu"]
CMD ["--help"]
