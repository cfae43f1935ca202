import type { StreamView } from '../../model/messages.ts';
import { anonymise } from '../anon.ts';
import { dateText, shortTime } from '../time.ts';

/** What the lines need beside the stream. */
export interface SessionStyle {
  readonly now: number;
  /** Hides names and addresses, 0 = does not. */
  readonly anonKey: number;
  readonly uri: boolean;
  /** The stream passes filters that are told by name. */
  readonly filters: (frontend: string) => readonly string[];
}

/** The connection that asks, which HAProxy lists among the streams. */
export interface AskingSession {
  readonly id: string;
  readonly unix: boolean;
  readonly source: string;
  readonly startedAt: number;
  readonly timeout: number;
}

const NONE = '<none>';

function expiry(at: number, now: number): string {
  return at === 0 ? '' : shortTime(at - now);
}

/** A stream as a line of `show sess`. Figures of HAProxy's inner state that have no counterpart here are 0. */
export function sessionLine(stream: StreamView, style: SessionStyle): string {
  const { now } = style;
  const hide = (text: string) => anonymise(text, style.anonKey);
  const exp = expiry(stream.expires, now);
  const side = (fd: string) => `[8,0h,fd=${fd},rex=${exp},wex=]`;
  const uri = style.uri && stream.method !== '' ? ` uri=${hide(`${stream.method} ${stream.uri}`)}` : '';
  return (
    `${stream.id}: proto=${stream.proto} src=${hide(stream.source)} fe=${hide(stream.frontend)} be=${hide(stream.backend ?? '<NONE>')} ` +
    `srv=${hide(stream.server ?? NONE)} ts=00 epoch=0 age=${shortTime(now - stream.startedAt)} calls=0 rate=0 cpu=0 lat=0 ` +
    `rq[f=0h,i=0,an=00h,ax=] rp[f=0h,i=0,an=00h,ax=] scf=${side(`${stream.thread + 1}/-1`)} scb=${side(`${stream.thread + 1}/-1`)} ` +
    `exp=${exp} rc=${stream.retries} c_exp=${uri}\n`
  );
}

/** The asking connection as a line of `show sess`. */
export function askingLine(asking: AskingSession, now: number): string {
  const exp = asking.timeout === 0 ? '' : shortTime(asking.timeout);
  return (
    `${asking.id}: proto=${asking.unix ? 'unix_stream' : 'tcpv4'} src=${asking.source} fe=GLOBAL be=<NONE> srv=${NONE} ts=00 epoch=0 ` +
    `age=${shortTime(now - asking.startedAt)} calls=1 rate=0 cpu=0 lat=0 rq[f=0h,i=0,an=00h,ax=] rp[f=0h,i=0,an=00h,ax=] ` +
    `scf=[8,0h,fd=1/-1,rex=${exp},wex=] scb=[8,1h,fd=1/-1,rex=,wex=] exp=${exp} rc=0 c_exp=\n`
  );
}

const METHODS = ['OTHER', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE'] as const;

/** A stream in detail, in HAProxy's layout. */
export function sessionDetails(stream: StreamView, style: SessionStyle): string {
  const { now } = style;
  const hide = (text: string) => anonymise(text, style.anonKey);
  const http = stream.frontendMode === 'http';
  const date = dateText(stream.startedAt, true);
  const age = shortTime(now - stream.startedAt);
  const exp = stream.expires === 0 ? '<NEVER>' : shortTime(stream.expires - now);
  const mux = http ? 'H1' : 'PASS';
  const tid = stream.thread;
  const method = Math.max(0, METHODS.indexOf(stream.method as (typeof METHODS)[number]));
  const backend =
    stream.backend === null
      ? '  backend=<NONE> (id=-1 mode=-)'
      : `  backend=${hide(stream.backend)} (id=${stream.backendId} mode=${stream.backendMode}) addr=${hide(stream.localAddress)}`;
  const server =
    stream.server === null
      ? '  server=<NONE> (id=-1)'
      : `  server=${hide(stream.server)} (id=${stream.serverId}) addr=${hide(stream.serverAddress)}`;
  const status = stream.status === 0 ? -1 : stream.status;
  const endpoint = (name: 'scf' | 'scb', from: number, to: number, target: string) => [
    `  ${name}=${stream.id} flags=0x00000000 ioto=${exp} state=EST endp=CONN,${stream.id},0x00000000 sub=1 in=${from} out=${to} rex=${exp} wex=<NEVER> rto=${exp} wto=<NEVER>`,
    '    iobuf.flags=0x00000000 .pipe=0 .buf=0@(nil)+0/0',
    ...(http ? codecLines(stream) : []),
    `      co${name === 'scf' ? 0 : 1}=${stream.id} ctrl=${stream.proto} xprt=RAW mux=${mux} target=${target}:${stream.id}`,
    `      flags=0x00000000 fd=${tid + 1}/-1 fd.state=00 updt=0 fd.tmask=0x${(1 << tid).toString(16)}`,
  ];
  const filters = style.filters(stream.frontend).map((name, i) => `${stream.id}="${name}" [${i + 1}]`);
  const channel = (name: 'req' | 'res', bytes: number) => [
    `  ${name}=${stream.id} (f=0x0000 an=0x0000 tofwd=${http ? 0 : -1})`,
    `      an_exp=<NEVER> buf=${stream.id} data=(nil) o=${bytes} p=0 i=0 size=0`,
    ...(http ? [`      htx=${stream.id} flags=0x00 size=0 data=0 used=0 wrap=NO`] : []),
  ];
  return lines([
    `${stream.id}: [${date}] id=${Number(stream.id)} proto=${stream.proto} source=${hide(stream.source)}`,
    `  flags=0x00, conn_retries=${stream.retries}, conn_exp=<NEVER> conn_et=0x000 srv_conn=${stream.server === null ? '(nil)' : stream.id}, pend_pos=${stream.queued ? stream.id : '(nil)'} waiting=${stream.queued ? 1 : 0} epoch=0`,
    '  p_con=0 p_stc=0 p_req=0 p_res=0 p_prp=0',
    `  frontend=${hide(stream.frontend)} (id=${stream.frontendId} mode=${stream.frontendMode}), listener=${stream.listener || '?'} (id=${stream.listenerId}) addr=${hide(stream.destination)}`,
    backend,
    server,
    `  task=${stream.id} (state=0x00 nice=0 calls=0 rate=0 exp=${exp} tid=${tid}(1/${tid}) age=${age})`,
    ...(http
      ? [
          `  txn=${stream.id} flags=0x00 meth=${method} status=${status} req.st=${stream.requestState} rsp.st=${stream.responseState} req.f=0x00 rsp.f=0x00`,
        ]
      : []),
    ...endpoint('scf', stream.bytesIn, stream.bytesOut, 'LISTENER'),
    ...endpoint('scb', stream.bytesOut, stream.bytesIn, 'SERVER'),
    ...(filters.length > 0 ? [`  filters={${filters.join(', ')}}`] : []),
    ...channel('req', 0),
    ...channel('res', 0),
  ]);
}

function codecLines(stream: StreamView): string[] {
  return [
    `      h1s=${stream.id} h1s.flg=0x00 .req.state=${stream.requestState} .res.state=${stream.responseState}`,
    `       .meth=${stream.method} status=${stream.status} .sd.flg=0x00000000 .sd.evts= .sd.kip=0 sd.kop=0 .sc.flg=0x00000000 .sc.app=${stream.id} .sc.evts=`,
    `       .subs=${stream.id}(ev=1 tl=${stream.id} tl.calls=0 tl.ctx=${stream.id} tl.fct=stream)`,
    `       h1c=${stream.id} h1c.flg=0x00 .sub=1 .ibuf=0@(nil)+0/0 .obuf=0@(nil)+0/0 .evts= .glitches=0 .task=${stream.id} .exp=<NEVER>`,
  ];
}

/** The asking connection in detail. */
export function askingDetails(asking: AskingSession, now: number): string {
  const exp = asking.timeout === 0 ? '<NEVER>' : shortTime(asking.timeout);
  const proto = asking.unix ? 'unix_stream' : 'tcpv4';
  const { id } = asking;
  return lines([
    `${id}: [${dateText(asking.startedAt, true)}] id=${Number(id)} proto=${proto} source=${asking.source}`,
    '  flags=0x00, conn_retries=0, conn_exp=<NEVER> conn_et=0x000 srv_conn=(nil), pend_pos=(nil) waiting=0 epoch=0',
    '  p_con=0 p_stc=0 p_req=0 p_res=0 p_prp=0',
    `  frontend=GLOBAL (id=0 mode=tcp), listener=? (id=1) addr=${asking.source}`,
    '  backend=<NONE> (id=-1 mode=-)',
    '  server=<NONE> (id=-1)',
    `  task=${id} (state=0x00 nice=0 calls=1 rate=0 exp=${exp} tid=0(1/0) age=${shortTime(now - asking.startedAt)})`,
    `  scf=${id} flags=0x00000000 ioto=${exp} state=EST endp=CONN,${id},0x00000000 sub=1 in=0 out=0 rex=${exp} wex=<NEVER> rto=${exp} wto=<NEVER>`,
    '    iobuf.flags=0x00000000 .pipe=0 .buf=0@(nil)+0/0',
    `      co0=${id} ctrl=${proto} xprt=RAW mux=PASS target=LISTENER:${id}`,
    '      flags=0x00000000 fd=1/-1 fd.state=00 updt=0 fd.tmask=0x1',
    `  scb=${id} flags=0x00000001 ioto=0s state=EST endp=APPCTX,${id},0x00000000 sub=0 in=0 out=0 rex=<NEVER> wex=<NEVER> rto=0s wto=<NEVER>`,
    '    iobuf.flags=0x00000000 .pipe=0 .buf=0@(nil)+0/0',
    `      app1=${id} st0=0 st1=0 applet=<CLI> tid=0 nice=0 calls=1 rate=0`,
    `  req=${id} (f=0x0000 an=0x0000 tofwd=-1)`,
    `      an_exp=<NEVER> buf=${id} data=(nil) o=0 p=0 i=0 size=0`,
    `  res=${id} (f=0x0000 an=0x0000 tofwd=-1)`,
    `      an_exp=<NEVER> buf=${id} data=(nil) o=0 p=0 i=0 size=0`,
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
