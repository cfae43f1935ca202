/** Sample fetches and converters of HAProxy that do not work here: they are refused by name. */

const names = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

export const UNSUPPORTED_FETCHES = names(`
  cpu_calls cpu_ns_avg cpu_ns_tot fc_saved_syn fcgi.docroot fcgi.index internal.htx.data internal.htx.free
  internal.htx.free_data internal.htx.has_eom internal.htx.nbblks internal.htx.size internal.htx.used
  internal.htx_blk.data internal.htx_blk.hdrname internal.htx_blk.hdrval internal.htx_blk.size
  internal.htx_blk.start_line internal.htx_blk.type lat_ns_avg lat_ns_tot spoe.engine-id
  ssl_bc_client_random ssl_bc_server_random ssl_fc_curve ssl_fc_server_random term_events
`);

export const UNSUPPORTED_CONVERTERS = names(`
  ip.fp jwt_decrypt_cert jwt_decrypt_jwk jwt_decrypt_secret jwt_verify_cert
`);

const UNTOLD = "Node's TLS does not tell it";

/** Why, where that is for good. */
export const UNSUPPORTED_REASONS: Readonly<Record<string, string>> = {
  ssl_bc_client_random: UNTOLD,
  ssl_bc_server_random: UNTOLD,
  ssl_fc_curve: UNTOLD,
  ssl_fc_server_random: UNTOLD,
};
