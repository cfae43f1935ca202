import { condition } from './expressions.ts';
import type { Random } from './random.ts';

/*
 * Lines that stand beside the others of some scenarios: choosing backends by map, persistence that is forced or ignored, servers that
 * refuse connections, what is told to servers and from whom.
 */

/** Lines for the frontend of scenario `id`. */
export function frontExtras(random: Random, id: number): string[] {
  return random.some(2, () =>
    random.pick([
      `use_backend '%[req.hdr(x-a),map(backs.map,a)]_${id}'`,
      `use_backend '%[path,map_beg(backs.map)]_${id}'${condition(random, 'request')}`,
      'option forwardfor except 127.0.0.1',
      'option forwardfor if-none header x-client',
      'option originalto except 127.0.0.0/8',
      'http-error status 400 content-type text/plain lf-string "%[status] %ci"',
      'http-error status 503 content-type text/plain file page.txt hdr x-e e',
      'http-request set-header x-back %[be_name]',
      'redirect prefix /moved code 308 if { path_beg /api }',
      'redirect scheme https drop-query if { path -m end .html }',
    ]),
  );
}

/** Lines for a backend. */
export function backExtras(random: Random): string[] {
  return random.some(3, () =>
    random.pick([
      'option persist',
      `force-persist${condition(random, 'request') || ' if TRUE'}`,
      `ignore-persist${condition(random, 'request') || ' if METH_POST'}`,
      'option h1-case-adjust-bogus-server',
      'option forwardfor header x-client if-none',
      'option originalto header x-to except 127.0.0.0/8',
      'errorfiles pages',
      'errorfile 503 403.http',
      'http-error status 503 content-type text/plain lf-string "%[be_name] %[status]"',
      'server s4 {addr:refused} cookie s4c\nretries 1\noption redispatch 1',
      'server s4 {addr:refused}\nretries 2\nretry-on conn-failure 404',
      'redirect location /elsewhere if { path /hello }',
      'retry-on 500 503\nretries 1',
      'default-server weight 3',
      'option http-no-delay',
      'http-response set-header x-srv "%[srv_name] %[srv_id] %[be_id,length,mul(0)]"',
    ]),
  );
}
