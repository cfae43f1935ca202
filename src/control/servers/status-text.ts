import { CheckStatus, type CheckStatusName, type CheckView, OperState, type Server } from '../../model/server.ts';

/** Descriptions of check statuses (`check_desc`, log lines). */
export const CHECK_DESCRIPTIONS: Readonly<Record<CheckStatusName, string>> = {
  UNK: 'Unknown',
  INI: 'Initializing',
  START: '',
  CHECKED: 'No status change',
  HANA: 'Health analyze',
  SOCKERR: 'Socket error',
  L4OK: 'Layer4 check passed',
  L4TOUT: 'Layer4 timeout',
  L4CON: 'Layer4 connection problem',
  L6OK: 'Layer6 check passed',
  L6TOUT: 'Layer6 timeout',
  L6RSP: 'Layer6 invalid response',
  L7TOUT: 'Layer7 timeout',
  L7RSP: 'Layer7 invalid response',
  L7OK: 'Layer7 check passed',
  L7OKC: 'Layer7 check conditionally passed',
  L7STS: 'Layer7 wrong status',
  PROCERR: 'External check error',
  PROCTOUT: 'External check timeout',
  PROCOK: 'External check passed',
};

/** `Server be/s1`, or `Backup Server be/s1`: how lines about a server begin. */
export function serverTitle(server: Server): string {
  return `${server.config.backup ? 'Backup ' : ''}Server ${server.path}`;
}

/** From this status on, check results carry a code. */
const FIRST_WITH_CODE = CheckStatus.L7OK - 1;

/** `, reason: Layer7 wrong status, code: 503, info: "...", check duration: 1ms`. */
export function checkReason(check: CheckView): string {
  let text = `, reason: ${CHECK_DESCRIPTIONS[check.status]}`;
  if (CheckStatus[check.status] >= FIRST_WITH_CODE) text += `, code: ${Math.max(0, check.code)}`;
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
