# alertd in a container: no root, nothing written outside /data.
#   docker build -t alertd .
#   docker run --read-only -p 9093:9093 -v ./config:/etc/alertd:ro -v alertd:/data alertd
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY alertd alertd
COPY config config
RUN python -m venv /opt/alertd \
 && /opt/alertd/bin/pip install --no-cache-dir --upgrade 'pip>=25.3' \
 && /opt/alertd/bin/pip install --no-cache-dir --constraint constraints.txt --build-constraint constraints.txt . \
 && install --directory --owner=65532 --group=65532 --mode=0700 /data

FROM python:3.13-slim
COPY --from=build /opt/alertd /opt/alertd
COPY --from=build /data /data
ENV PATH=/opt/alertd/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
VOLUME /data
EXPOSE 9093
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:9093/-/healthy', timeout=4)"]
ENTRYPOINT ["alertd"]
CMD ["run", "--config.file=/etc/alertd/alertd.yml", "--storage.path=/data", "--log.format=json"]
