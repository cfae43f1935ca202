import { type CheckView, OperState, type Server } from '../../model/server.ts';
import { checkDescription, statusHasCode } from '../../model/server-status.ts';

/** `Server be/s1`, or `Backup Server be/s1`: how lines about a server begin. */
export function serverTitle(server: Server): string {
  return `${server.config.backup ? 'Backup ' : ''}Server ${server.path}`;
}

/** `, reason: Layer7 wrong status, code: 503, info: "...", check duration: 1ms`. */
export function checkReason(check: CheckView): string {
  let text = `, reason: ${checkDescription(check)}`;
  if (statusHasCode(check)) text += `, code: ${Math.max(0, check.code)}`;
  if (check.description !== '') text += `, info: "${escapeInfo(check.description)}"`;
  if (check.duration >= 0) text += `, check duration: ${check.duration}ms`;
  return text;
}

/** Bytes that would break a log line or its quotes, as `<hh>`. */
function escapeInfo(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\xff"]/g,
    (c) => `<${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}>`,
  );
}

/** ` via be/s1` for a server that follows another. */
export function via(server: Server): string {
  return server.tracked ? ` via ${server.tracked.path}` : '';
}

/** What became of the streams, and how many servers are left: the end of the lines about a change of state. */
export function aftermath(
  server: Server,
  requeued: number,
  load: { readonly current: number; readonly queued: number },
): string {
  const { usableActive, usableBackup } = server.proxy;
  const onBackup = usableBackup > 0 && usableActive === 0 ? ' Running on backup.' : '';
  const counts = `. ${usableActive} active and ${usableBackup} backup servers`;
  if (server.operState === OperState.stopped) {
    return `${counts} left.${onBackup} ${load.current} sessions active, ${requeued} requeued, ${load.queued - requeued} remaining in queue`;
  }
  return `${counts} online.${onBackup} ${requeued} sessions requeued, ${load.queued} total in queue`;
}
