# The service's image: a static program, CA certificates and the names of two accounts. docs/image.md describes it.
# `cargo xtask image` builds and checks it.

# A mirror's or a local image instead of the public one.
ARG RUST_IMAGE

# The tag is for readers, the digest decides. The version is that of rust-toolchain.toml. The default is here, and not behind ARG, because
# checkov reads no arguments.
FROM ${RUST_IMAGE:-docker.io/library/rust:1.95.0-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1} AS build
WORKDIR /src

# Two optional secrets let cargo use a mirror or pass a proxy, and leave no trace in a layer: its configuration and a bundle of CA
# certificates. security/tools.toml pins the same version, for the gate.
RUN --mount=type=secret,id=cargo-config,target=/usr/local/cargo/config.toml \
    --mount=type=secret,id=ca-bundle \
    cargo install --locked --root /opt/cargo-auditable cargo-auditable@0.7.7

COPY . .

# The commit and its time, which the program shows at /version. They make builds of a commit equal.
ARG SOURCE_COMMIT
ARG SOURCE_DATE_EPOCH

# Static, because the image has no C library. `--target` separates these flags from those of build scripts. OpenSSL is built from
# a crate, so that the list of packages in the program contains it with its version. The C code of a static program is compiled with
# -static, which OpenSSL's configuration takes for a program without threads: it leaves out every lock. The definition demands them.
RUN --mount=type=secret,id=cargo-config,target=/usr/local/cargo/config.toml \
    --mount=type=secret,id=ca-bundle \
    PATH="/opt/cargo-auditable/bin:${PATH}" \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/src=src --remap-path-prefix=/usr/local/cargo=cargo" \
    SOURCE_COMMIT="${SOURCE_COMMIT}" \
    SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH}" \
    CFLAGS=-DOPENSSL_THREADS \
    cargo auditable build --release --locked --package portcullis --bin portcullis --features vendored-openssl \
      --target "$(rustc --print host-tuple)" --target-dir /build

# Without locks the connections to PostgreSQL would corrupt memory that they share.
RUN grep --recursive --include=libcrypto.a --files-with-matches pthread_rwlock_wrlock /build

# One folder becomes one layer. Its times are those of the commit, whichever engine builds it.
RUN install -D --mode=0755 "/build/$(rustc --print host-tuple)/release/portcullis" /image/portcullis && \
    install -D --mode=0644 --target-directory=/image/etc compose/image/* && \
    install -D --mode=0644 --target-directory=/image/etc/ssl/certs /etc/ssl/certs/ca-certificates.crt && \
    find /image -exec touch --date="@${SOURCE_DATE_EPOCH:-0}" {} +

FROM scratch
ARG SOURCE_COMMIT
ARG VERSION
LABEL org.opencontainers.image.title="portcullis" \
      org.opencontainers.image.description="A security-hardened freight-rates service" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.revision="${SOURCE_COMMIT}" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /image/ /
# OpenSSL was built for another place.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
# The command itself gives up after seven seconds.
HEALTHCHECK --interval=10s --timeout=8s --start-period=30s --retries=3 CMD ["/portcullis", "healthcheck"]
ENTRYPOINT ["/portcullis"]
CMD ["serve"]
