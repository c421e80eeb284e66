# alertd in a container: no root, no shell, nothing written outside /data.
#   docker build -t alertd .
#   docker run --read-only -p 9093:9093 -v ./config/presets/agentgateway:/etc/alertd:ro -v alertd:/data alertd
# Both stages have Debian 12's Python 3.11, so that what the first one installs runs in the second.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY alertd alertd
COPY config config
# Of what is installed, tests, headers and type stubs are never run.
RUN pip install --no-cache-dir --upgrade 'pip>=25.3' \
 && pip install --no-cache-dir --target /opt/alertd \
      --constraint constraints.txt --build-constraint constraints.txt '.[images]' \
 && find /opt/alertd -depth \( -type d \( -name tests -o -name include \) \
      -o -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.a' -o -name '*.h' \) \) -exec rm -rf {} + \
 && install --directory --mode=0700 /data

FROM gcr.io/distroless/python3-debian12:nonroot
COPY --from=build /opt/alertd /opt/alertd
COPY --from=build --chown=65532:65532 /data /data
ENV PYTHONPATH=/opt/alertd PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
VOLUME /data
EXPOSE 9093
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["/usr/bin/python3", "-m", "alertd", "healthcheck"]
ENTRYPOINT ["/usr/bin/python3", "-m", "alertd"]
CMD ["run", "--config.file=/etc/alertd/alertd.yml", "--storage.path=/data", "--log.format=json"]
