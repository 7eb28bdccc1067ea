# The image: one static program, certificates and time zones, no shell. Build it with
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" -t trouvaille:0.1.0 .
# For a release, pin both images below by digest too: `docker buildx imagetools inspect NAME` tells it.
FROM docker.io/library/rust:1.95-bookworm AS chef
RUN cargo install cargo-chef --version 0.1.78 --locked
WORKDIR /source

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
# On ARM: aarch64-unknown-linux-gnu. It must be named: else the flags below reach build scripts and macros, which fail.
ARG TARGET=x86_64-unknown-linux-gnu
# Relocations in their short form save 1.4 MB. The C library's warning that lookups of names need it at run time is right and
# harmless: the base image has no other way of looking up names than DNS and /etc/hosts.
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"
# All that others wrote: a layer that stays as long as Cargo.lock does.
COPY --from=plan /source/recipe.json recipe.json
RUN cargo chef cook --profile image --locked --package app --target "${TARGET}" --recipe-path recipe.json
COPY . .
RUN cargo build --profile image --locked --package app --target "${TARGET}" \
    && install -D "target/${TARGET}/image/trouvaille" /out/trouvaille \
    && strip --strip-all /out/trouvaille

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Trouvaille" \
      org.opencontainers.image.description="Finds the products that win: crawls shops politely, keeps every change, ranks, and says why" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE-MIT LICENSE-APACHE /licenses/
COPY --from=build /out/trouvaille /usr/local/bin/trouvaille
USER 65532:65532
# Kubernetes and compose.yaml ask /healthz and /readyz themselves.
ENTRYPOINT ["/usr/local/bin/trouvaille"]
