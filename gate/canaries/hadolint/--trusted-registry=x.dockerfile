FROM debian:12
MAINTAINER nobody
