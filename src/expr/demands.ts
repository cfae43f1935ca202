/**
 * What costs something and is only done where an expression asks for it. Set while expressions are compiled, each thread for itself;
 * nothing is taken back when a reload removes the last of them.
 */
export const demands = {
  /** Bytes of handshakes are looked at (`ssl_fc_server_random`, `ssl_bc_client_random`, `ssl_bc_server_random`). */
  hellos: false,
  /** Calls of streams are counted (`cpu_calls`, `cpu_ns_tot`, `lat_ns_tot`, ...). */
  work: false,
};

/** `row`, whose use sets `demand`. */
export function demanding<T extends { compile(...args: never[]): unknown }>(row: T, demand: keyof typeof demands): T {
  const compile: T['compile'] = (...args) => {
    demands[demand] = true;
    return row.compile(...args);
  };
  return { ...row, compile };
}
