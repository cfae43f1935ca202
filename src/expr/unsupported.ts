/** Sample fetches and converters of HAProxy that do not work here: they are refused by name. */

const names = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

export const UNSUPPORTED_FETCHES = names(`
  cpu_calls cpu_ns_avg cpu_ns_tot fc_saved_syn fcgi.docroot fcgi.index internal.htx.data internal.htx.free
  internal.htx.free_data internal.htx.has_eom internal.htx.nbblks internal.htx.size internal.htx.used
  internal.htx_blk.data internal.htx_blk.hdrname internal.htx_blk.hdrval internal.htx_blk.size
  internal.htx_blk.start_line internal.htx_blk.type lat_ns_avg lat_ns_tot spoe.engine-id ssl_bc ssl_bc_alg_keysize
  ssl_bc_alpn ssl_bc_cipher ssl_bc_client_early_traffic_secret ssl_bc_client_handshake_traffic_secret
  ssl_bc_client_random ssl_bc_client_traffic_secret_0 ssl_bc_curve ssl_bc_early_exporter_secret ssl_bc_err
  ssl_bc_err_str ssl_bc_exporter_secret ssl_bc_is_resumed ssl_bc_npn ssl_bc_protocol
  ssl_bc_server_handshake_traffic_secret ssl_bc_server_random ssl_bc_server_traffic_secret_0 ssl_bc_session_id
  ssl_bc_session_key ssl_bc_sni ssl_bc_unique_id ssl_bc_use_keysize ssl_fc_cipherlist_str ssl_fc_curve
  ssl_fc_server_random ssl_s_chain_der ssl_s_der ssl_s_i_dn ssl_s_key_alg ssl_s_notafter ssl_s_notbefore ssl_s_s_dn
  ssl_s_serial ssl_s_sha1 ssl_s_sig_alg ssl_s_version term_events
`);

export const UNSUPPORTED_CONVERTERS = names(`
  ip.fp jwt_decrypt_cert jwt_decrypt_jwk jwt_decrypt_secret jwt_verify_cert
`);
