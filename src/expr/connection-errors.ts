/** Errors of connections by number: their names and what HAProxy says of them. */
export const CONNECTION_ERRORS: readonly (readonly [name: string, text: string])[] = [
  ['', 'Success'],
  ['CONF_FDLIM', 'Reached configured maxconn value'],
  ['PROC_FDLIM', 'Too many sockets on the process'],
  ['SYS_FDLIM', 'Too many sockets on the system'],
  ['SYS_MEMLIM', 'Out of system buffers'],
  ['NOPROTO', 'Protocol or address family not supported'],
  ['SOCK_ERR', 'General socket error'],
  ['PORT_RANGE', 'Source port range exhausted'],
  ['CANT_BIND', "Can't bind to source address"],
  ['FREE_PORTS', 'Out of local source ports on the system'],
  ['ADDR_INUSE', 'Local source address already in use'],
  ['PRX_EMPTY', 'Connection closed while waiting for PROXY protocol header'],
  ['PRX_ABORT', 'Connection error while waiting for PROXY protocol header'],
  ['PRX_TIMEOUT', 'Timeout while waiting for PROXY protocol header'],
  ['PRX_TRUNCATED', 'Truncated PROXY protocol header received'],
  ['PRX_NOT_HDR', 'Received something which does not look like a PROXY protocol header'],
  ['PRX_BAD_HDR', 'Received an invalid PROXY protocol header'],
  ['PRX_BAD_PROTO', 'Received an unhandled protocol in the PROXY protocol header'],
  ['CIP_EMPTY', 'Connection closed while waiting for NetScaler Client IP header'],
  ['CIP_ABORT', 'Connection error while waiting for NetScaler Client IP header'],
  ['CIP_TIMEOUT', 'Timeout while waiting for a NetScaler Client IP header'],
  ['CIP_TRUNCATED', 'Truncated NetScaler Client IP header received'],
  ['CIP_BAD_MAGIC', 'Received an invalid NetScaler Client IP magic number'],
  ['CIP_BAD_PROTO', 'Received an unhandled protocol in the NetScaler Client IP header'],
  ['SSL_EMPTY', 'Connection closed during SSL handshake'],
  ['SSL_ABORT', 'Connection error during SSL handshake'],
  ['SSL_TIMEOUT', 'Timeout during SSL handshake'],
  ['SSL_TOO_MANY', 'Too many SSL connections'],
  ['SSL_NO_MEM', 'Out of memory when initializing an SSL connection'],
  ['SSL_RENEG', 'Rejected a client-initiated SSL renegotiation attempt'],
  ['SSL_CA_FAIL', 'SSL client CA chain cannot be verified'],
  ['SSL_CRT_FAIL', 'SSL client certificate not trusted'],
  ['SSL_MISMATCH', 'Server presented an SSL certificate different from the configured one'],
  ['SSL_MISMATCH_SNI', 'Server presented an SSL certificate different from the expected one'],
  ['SSL_HANDSHAKE', 'SSL handshake failure'],
];

/** The number of the error that is told with this text; 0 for none. */
export function connectionError(text: string): number {
  return Math.max(
    0,
    CONNECTION_ERRORS.findIndex(([, one]) => one === text),
  );
}
