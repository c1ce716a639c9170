# One image for web, workers and beat; docker-compose.yml says which is which.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --require-hashes -r requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/srv/portal/clients/python \
    HOST=0.0.0.0 PORT=8000 PORTAL_DATA_DIR=/data STATIC_ROOT=/srv/static
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin portal \
    && install -d -o portal /data /srv/static
COPY --from=build /venv /venv
WORKDIR /srv/portal
COPY . .
USER portal
# The keys are of this step only; nothing of them stays in the files it writes.
RUN SECRET_KEY=build FIELD_ENCRYPTION_KEY=build PORTAL_ORIGIN=https://build.invalid \
    python manage.py collectstatic --noinput --verbosity=0
VOLUME /data
EXPOSE 8000
CMD ["gunicorn"]
