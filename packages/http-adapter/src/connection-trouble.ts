/** Codes of a connection that failed, in words for people. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name server did not answer',
  ETIMEDOUT: 'the host did not answer',
  HPE_HEADER_OVERFLOW: 'the headers of its answer are too long',
  EPROTO: 'it does not speak TLS as expected',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself (NODE_EXTRA_CA_CERTS names further authorities)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
};

export const errorCodeOf = (error: unknown): string | null =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null;

/** Says what happened, as a clause, without the library's own text, which names addresses and internals. */
export function connectionTrouble(error: unknown): string {
  const code = errorCodeOf(error);
  const reason = code === null ? undefined : REASONS[code];
  if (reason !== undefined) return reason;
  return code?.startsWith('HPE_') ? 'what answers there is no HTTP server' : 'the connection failed';
}
