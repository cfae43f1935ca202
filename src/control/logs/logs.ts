import { hostname } from 'node:os';
import type { Config, ForwardTargetConfig, LogTargetConfig } from '../../config/types.ts';
import type { LogLine, LogText } from '../../model/messages.ts';
import type { Proxy } from '../../model/proxy.ts';
import type { SyslogMessage } from '../log-forward/message.ts';
import type { Logs } from '../types.ts';
import { type HostAddresses, hostKey, socketPath } from './addresses.ts';
import { DatagramSockets } from './datagrams.ts';
import { FdWriter } from './fd-writer.ts';
import { type LogSource, lineText, preciseNow } from './format.ts';
import { LinesInOrder, type OwnedLine } from './in-order.ts';
import { MemoryRing } from './ring.ts';
import { Rings } from './rings.ts';
import { type LogOutput, LogTarget } from './target.ts';

/** Tag of lines without `log-tag`: what log parsers and syslog filters written for HAProxy look for. */
const DEFAULT_TAG = 'haproxy';
const SYSLOG_PORT = 514;
/** How long the end of the process may wait for those who read logs. */
const CLOSE_MS = 1000;

/** What logs need of the rest of the control thread. */
export interface LogsHooks {
  /** The proxy that a traffic thread's line names; undefined when it is gone. */
  proxyById(id: number): Proxy | undefined;
  /** How many traffic threads there are: lines of one alone are in order as they come. */
  readonly threads: number;
}

/** The logs of a process: see `Logs`; these are for its owner. */
export interface ProcessLogs extends Logs {
  /** Sends the lines of a traffic thread, in order; `dropped`: lines before them that it could not send. Never throws or blocks. */
  sendBatch(lines: readonly LogLine[], dropped?: number): void;
  /** Sends a message on that was received, to the targets of its `log-forward` section. Never throws or blocks. */
  forward(logs: readonly ForwardTargetConfig[], message: SyslogMessage): void;
  /** Takes another configuration, with its addresses as `prepareLogs` found them. Rings that stay keep their lines. */
  configure(config: Config, addresses: HostAddresses): void;
  /** Sends what is under way, for a second at most, and closes the sockets. */
  close(): Promise<void>;
}

/** Opens the logs of a configuration that `prepareLogs` found good, with the addresses that it found. */
export function createLogs(config: Config, addresses: HostAddresses, hooks: LogsHooks): ProcessLogs {
  return new LogSender(config, addresses, hooks);
}

class LogSender implements ProcessLogs {
  readonly #hooks: LogsHooks;
  readonly #datagrams = new DatagramSockets();
  readonly #writers = new Map<number, FdWriter>();
  readonly #rings: Rings;
  #config: Config;
  #addresses: HostAddresses;
  /** Targets at work, by their configuration: proxies that share one (`log global`) share its sample. */
  #targets = new WeakMap<ForwardTargetConfig, LogTarget>();
  #lists = new WeakMap<readonly ForwardTargetConfig[], readonly LogTarget[]>();
  #sources = new Map<string, LogSource>();
  #lost = 0;
  /** Null with one traffic thread. */
  readonly #inOrder: LinesInOrder | null;

  constructor(config: Config, addresses: HostAddresses, hooks: LogsHooks) {
    this.#hooks = hooks;
    this.#inOrder = hooks.threads > 1 ? new LinesInOrder((line) => this.#sendLine(line)) : null;
    this.#config = config;
    this.#addresses = addresses;
    this.#rings = new Rings(this.#writer(1), this.#writer(2));
    this.configure(config, addresses);
  }

  get rings(): Logs['rings'] {
    return this.#rings.byName;
  }

  get dropped(): number {
    let dropped = this.#lost + this.#datagrams.dropped;
    for (const writer of this.#writers.values()) dropped += writer.dropped;
    return dropped;
  }

  configure(config: Config, addresses: HostAddresses): void {
    this.#inOrder?.flush();
    this.#config = config;
    this.#addresses = addresses;
    this.#rings.configure(config, addresses);
    this.#targets = new WeakMap();
    this.#lists = new WeakMap();
    this.#sources = new Map();
    this.#targetsOf(config.global.logs);
    for (const proxy of config.proxies) this.#targetsOf(proxy.logs);
    for (const section of config.logForwards) this.#targetsOf(section.logs);
  }

  send(
    proxy: Proxy | null,
    level: number,
    text: string,
    sd: string | null = null,
    dateMs: number = preciseNow(),
  ): void {
    this.#send(proxy, level, { text, sd, binary: false }, dateMs);
  }

  sendBatch(lines: readonly LogLine[], dropped = 0): void {
    this.#lost += dropped;
    const owned = lines.flatMap((line) => {
      const proxy = this.#hooks.proxyById(line.proxy);
      return proxy === undefined ? [] : [{ proxy, line }];
    });
    if (this.#inOrder !== null) this.#inOrder.add(owned);
    else for (const line of owned) this.#sendLine(line);
  }

  #sendLine({ proxy, line }: OwnedLine): void {
    this.#send(proxy, line.level, line, line.date, line.profiles);
  }

  #send(proxy: Proxy | null, level: number, plain: LogText, dateMs: number, profiles?: LogLine['profiles']): void {
    const { global } = this.#config;
    const targets = this.#targetsOf(proxy === null ? global.logs : proxy.config.logs);
    if (targets.length === 0) return;
    const line = textToSend(plain);
    const tag = proxy?.config.logTag ?? global.logTag ?? DEFAULT_TAG;
    for (const target of targets) {
      const { profile } = target;
      const source = this.#source(profile?.logTag ?? tag);
      const other = profile === null ? undefined : profiles?.[profile.name];
      if (other === undefined) target.send(level, line, source, dateMs, plain.sd);
      else if (other !== null) target.send(level, textToSend(other), source, dateMs, other.sd);
    }
  }

  forward(logs: readonly ForwardTargetConfig[], message: SyslogMessage): void {
    const line = { ...message, text: lineText(message.text) };
    const now = preciseNow();
    for (const target of this.#targetsOf(logs)) target.forward(line, now);
  }

  async close(): Promise<void> {
    this.#inOrder?.flush();
    const written = [...this.#writers.values()].map((writer) => writer.drained());
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([late, Promise.all([...written, this.#rings.close(), this.#datagrams.close()])]);
    clearTimeout(timer);
  }

  #targetsOf(configs: readonly ForwardTargetConfig[]): readonly LogTarget[] {
    let targets = this.#lists.get(configs);
    if (targets === undefined) {
      targets = configs.map((config) => this.#target(config));
      this.#lists.set(configs, targets);
    }
    return targets;
  }

  #target(config: ForwardTargetConfig): LogTarget {
    let target = this.#targets.get(config);
    if (target === undefined) {
      target = new LogTarget(config, this.#output(config.target));
      this.#targets.set(config, target);
    }
    return target;
  }

  #source(tag: string): LogSource {
    let source = this.#sources.get(tag);
    if (source === undefined) {
      const { logSendHostname } = this.#config.global;
      source = {
        tag,
        pid: process.pid,
        sentHostname: logSendHostname === '' ? hostname() : logSendHostname,
        hostname: hostname(),
      };
      this.#sources.set(tag, source);
    }
    return source;
  }

  #writer(fd: number): FdWriter {
    let writer = this.#writers.get(fd);
    if (writer === undefined) {
      writer = new FdWriter(fd);
      this.#writers.set(fd, writer);
    }
    return writer;
  }

  #output(address: LogTargetConfig['target']): LogOutput {
    switch (address.family) {
      case 'stdout':
        return this.#fdOutput(1);
      case 'stderr':
        return this.#fdOutput(2);
      case 'fd':
        return this.#fdOutput(address.fd);
      case 'ring': {
        const ring = this.#rings.byName.get(address.name);
        return ring instanceof MemoryRing ? ring : this.#noOutput();
      }
      case 'unix':
      case 'abns': {
        const path = socketPath(address);
        this.#datagrams.openUnix(path);
        return { write: (line) => this.#datagrams.sendUnix(`${line}\n`, path) };
      }
      case 'inet':
      case 'inet6':
      case 'name': {
        const host = address.family === 'name' ? this.#addresses.get(hostKey(address)) : address.host;
        const port = address.port || SYSLOG_PORT;
        return host === undefined
          ? this.#noOutput()
          : { write: (line) => this.#datagrams.sendUdp(`${line}\n`, host, port) };
      }
    }
  }

  #fdOutput(fd: number): LogOutput {
    const writer = this.#writer(fd);
    writer.open();
    return { write: (line) => writer.write(`${line}\n`) };
  }

  /** For what `prepareLogs` refuses. */
  #noOutput(): LogOutput {
    return {
      write: () => {
        this.#lost++;
      },
    };
  }
}

/** One line, or the bytes that were asked for. */
function textToSend({ text, binary }: LogText): string {
  return binary ? text : lineText(text);
}
