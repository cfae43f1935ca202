import { SERVER_OPTIONS } from '../../config/keywords/server.ts';

/** Keywords of `server` lines that HAProxy takes for servers added at run time, in the order in which it lists them. */
const HAPROXY_ORDER =
  `allow-0rtt alpn ca-file check-alpn check-sni check-ssl ciphers ciphersuites client-sigalgs crl-file curves crt
  force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 ktls no-check-sni-auto no-renegotiate no-sni-auto no-ssl-reuse no-sslv3
  no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-tls-tickets npn renegotiate send-proxy-v2-ssl send-proxy-v2-ssl-cn sigalgs sni ssl
  ssl-min-ver ssl-max-ver tls-tickets verify verifyhost backup cookie disabled error-limit guid ws hash-key id idle-ping init-state maxconn
  maxqueue minconn no-backup no-send-proxy no-send-proxy-v2 no-tfo observe on-error on-marked-down on-marked-up pool-conn-name
  pool-low-conn pool-max-conn pool-purge-delay proto proxy-v2-options send-proxy send-proxy-v2 set-proxy-v2-tlv-fmt shard slowstart source
  strict-maxconn tfo track usesrc weight healthcheck addr agent-addr agent-check agent-inter agent-port agent-send check
  check-pool-conn-name check-proto check-reuse-pool check-send-proxy check-via-socks4 rise fall inter fastinter downinter port`.split(
    /\s+/,
  );

/** Those that work here: what `add server help` lists. */
export const DYNAMIC_SERVER_KEYWORDS: readonly string[] = HAPROXY_ORDER.filter((name) => {
  const option = SERVER_OPTIONS.find(name);
  return option !== undefined && option.status !== 'refused' && !option.notDynamic;
});
