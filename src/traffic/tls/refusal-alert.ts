import { x509ErrorNumber } from '../../util/x509-errors.ts';

/** Alerts (RFC 5246, section 7.2.2), each with what can be wrong with a certificate that is refused so. */
const TABLE: Readonly<Record<number, string>> = {
  40: 'APPLICATION_VERIFICATION',
  42: `UNABLE_TO_DECRYPT_CERT_SIGNATURE UNABLE_TO_DECRYPT_CRL_SIGNATURE UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY CERT_NOT_YET_VALID
    CRL_NOT_YET_VALID ERROR_IN_CERT_NOT_BEFORE_FIELD ERROR_IN_CERT_NOT_AFTER_FIELD ERROR_IN_CRL_LAST_UPDATE_FIELD
    ERROR_IN_CRL_NEXT_UPDATE_FIELD CERT_UNTRUSTED CERT_REJECTED HOSTNAME_MISMATCH EMAIL_MISMATCH IP_ADDRESS_MISMATCH DANE_NO_MATCH
    EE_KEY_TOO_SMALL CA_KEY_TOO_SMALL CA_MD_TOO_WEAK`,
  43: 'INVALID_PURPOSE',
  44: 'CERT_REVOKED',
  45: 'CERT_HAS_EXPIRED CRL_HAS_EXPIRED',
  48: `UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_CRL
    UNABLE_TO_GET_CRL_ISSUER DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN CERT_CHAIN_TOO_LONG PATH_LENGTH_EXCEEDED
    INVALID_CA`,
  51: 'CERT_SIGNATURE_FAILURE CRL_SIGNATURE_FAILURE',
  80: 'OUT_OF_MEM INVALID_CALL STORE_LOOKUP',
};
const CERTIFICATE_UNKNOWN = 46;

const ALERTS: ReadonlyMap<number | null, number> = new Map(
  Object.entries(TABLE).flatMap(([alert, names]) =>
    names.split(/\s+/).map((name) => [x509ErrorNumber(name), Number(alert)]),
  ),
);

/** The second number of versions whose handshake the client takes for done last. */
const MINORS: Readonly<Record<string, number>> = { TLSv1: 1, 'TLSv1.1': 2, 'TLSv1.2': 3 };

/**
 * The record, in the clear, by which a client whose certificate has error `number` (OpenSSL's) learns that it is refused, as long as the
 * server has not changed its cipher; null in TLS 1.3, where the client's handshake is done by then.
 */
export function refusalAlert(protocol: string, number: number): Uint8Array | null {
  const minor = MINORS[protocol];
  return minor === undefined ? null : Uint8Array.of(21, 3, minor, 0, 2, 2, ALERTS.get(number) ?? CERTIFICATE_UNKNOWN);
}
