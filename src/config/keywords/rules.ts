/** Lines that other rooms compile (`acl`, `use_backend`, `http-request`, ...): kept as words, their order checked. */

import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { RuleSet } from '../types.ts';
import { strangeNameCharacter } from './arguments.ts';
import { inSections } from './sections.ts';
import { type Keyword, remark, works } from './table.ts';

/** In the order in which they are evaluated; a rule placed after a later kind is evaluated before it all the same. */
const ORDER = [
  { kind: 'tcp-request connection', after: "a 'tcp-request connection' rule" },
  { kind: 'tcp-request session', after: "a 'tcp-request session' rule" },
  { kind: 'tcp-request content', after: "a 'tcp-request content' rule" },
  { kind: 'monitor fail', after: "a 'monitor fail' rule" },
  { kind: 'http-request', after: "an 'http-request' rule" },
  { kind: 'redirect', after: "a 'redirect' rule" },
  { kind: 'use_backend', after: "a 'use_backend' rule" },
  { kind: 'use-server', after: "a 'use-server' rule" },
];

/** Remembers that a rule of `kind` was seen, and warns when one that is evaluated later stands above it. */
function noteOrder(line: Line, proxy: ProxyDraft, kind: string): void {
  const position = ORDER.findIndex((entry) => entry.kind === kind);
  const later = ORDER.slice(position + 1).find((entry) => proxy.ruleKinds.has(entry.kind));
  const name = kind.startsWith('tcp-request') ? 'tcp-request' : kind;
  if (later !== undefined) line.warning(`a '${name}' rule placed after ${later.after} will still be processed before.`);
  proxy.ruleKinds.add(kind);
}

function parseAcl(line: Line, proxy: ProxyDraft): void {
  const name = line.word(1);
  const strange = strangeNameCharacter(name);
  if (strange !== null) return line.alert(`character '${strange}' is not permitted in acl name '${name}'.`);
  if (name.toLowerCase() === 'or') {
    return line.alert(
      `acl name '${name}' will never match. 'or' is used to express a logical disjunction within a condition.`,
    );
  }
  if (line.word(2) === '')
    return line.alert(`error detected while parsing ACL '${name}' : missing fetch method in ACL expression ''.`);
  proxy.config.acls.push(line.from(1));
}

function ruleSet(name: RuleSet, letters: string): Keyword<ProxyDraft> {
  const parse = (line: Line, proxy: ProxyDraft) => {
    if (line.word(1) === '') return line.alert(`'${name}' expects an action as argument.`);
    if (name === 'tcp-response' && proxy.kind === 'frontend')
      return line.alert(
        `${name} ${line.word(1)} is only allowed in 'backend' sections or 'defaults' section with a name`,
      );
    if (name === 'http-request') noteOrder(line, proxy, name);
    else if (name === 'tcp-request') {
      const set = line.word(1);
      if ((set === 'connection' || set === 'session') && proxy.kind === 'backend')
        return line.alert(`tcp-request ${set} is not allowed because backend ${proxy.config.name} is not a frontend`);
      noteTcpOrder(line, proxy);
    }
    if (line.word(name.startsWith('tcp') ? 2 : 1) === 'set-nice')
      remark(line, `${name} set-nice`, 'noticed', 'the connections of a thread take turns.');
    proxy.config.rules[name].push(line.from(1));
    return undefined;
  };
  return works<ProxyDraft>(name, '<action> [<arguments>] [{if|unless} <condition>]', parse, {
    sections: inSections(letters),
    named: true,
  });
}

function noteTcpOrder(line: Line, proxy: ProxyDraft): void {
  const kind = `tcp-request ${line.word(1)}`;
  if (ORDER.some((entry) => entry.kind === kind)) noteOrder(line, proxy, kind);
}

function parseUseBackend(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '') return line.alert("'use_backend' expects a backend name.");
  const condition = line.word(2);
  if (condition !== '' && condition !== 'if' && condition !== 'unless') {
    return line.alert(`unexpected keyword '${condition}' after switching rule, only 'if' and 'unless' are allowed.`);
  }
  if (condition !== '' && line.word(3) === '')
    return line.alert('error detected while parsing switching rule : missing condition.');
  noteOrder(line, proxy, 'use_backend');
  proxy.config.useBackend.push(line.from(1));
  return undefined;
}

function parseUseServer(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '') return line.alert("'use-server' expects a server name.");
  if (!isCondition(line, 2))
    return line.alert("'use-server' requires either 'if' or 'unless' followed by a condition.");
  noteOrder(line, proxy, 'use-server');
  proxy.config.useServer.push(line.from(1));
}

function isCondition(line: Line, index: number): boolean {
  return (line.word(index) === 'if' || line.word(index) === 'unless') && line.word(index + 1) !== '';
}

/** `force-persist`, `ignore-persist` and `force-be-switch`: only a condition. */
function conditional(
  name: string,
  key: 'forcePersist' | 'ignorePersist' | 'forceBeSwitch',
  letters: string,
): Keyword<ProxyDraft> {
  const parse = (line: Line, proxy: ProxyDraft) => {
    if (isCondition(line, 1)) proxy.config[key].push(line.from(1));
    else line.alert(`'${name}' requires either 'if' or 'unless' followed by a condition.`);
  };
  return works<ProxyDraft>(name, '{if|unless} <condition>', parse, { sections: inSections(letters) });
}

function parseMonitor(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) !== 'fail') return line.alert("'monitor' only supports 'fail'.");
  if (!isCondition(line, 2))
    return line.alert("'monitor fail' requires either 'if' or 'unless' followed by a condition.");
  noteOrder(line, proxy, 'monitor fail');
  proxy.config.monitorFail.push(line.from(2));
}

const isTarget = (word: string | undefined): boolean => word === 'location' || word === 'prefix' || word === 'scheme';

function parseRedirect(line: Line, proxy: ProxyDraft): void {
  if (line.word(1) === '') {
    return line.alert(
      `error detected in ${proxy.kind} '${proxy.config.name}' while parsing redirect rule : expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash' (was '').`,
    );
  }
  noteOrder(line, proxy, 'redirect');
  // Unlike in rules, where it goes to is no log-format.
  const words = line.words.map((word, i) => (isTarget(line.words[i - 1]) ? word.replaceAll('%', '%%') : word));
  proxy.config.redirects.push({ words, at: line.at });
}

/** `capture cookie <name> len <n>`, `capture request|response header <name> len <n>`. */
function parseCapture(line: Line, proxy: ProxyDraft): void {
  const [, what, second, ...rest] = line.words;
  if (what === 'cookie') {
    if (second === undefined || rest[0] !== 'len' || !isLength(rest[1]))
      return line.alert("'capture' expects 'cookie' <cookie_name> 'len' <len>.");
    if (rest.length > 2) return line.alert(`'capture' cannot handle unexpected argument '${rest[2]}'.`);
  } else if (what === 'request' || what === 'response') {
    if (second !== 'header' || rest[1] !== 'len' || !isLength(rest[2]))
      return line.alert(`'capture ${what}' expects 'header' <header_name> 'len' <len>.`);
    if (rest.length > 3) return line.alert(`'capture ${what}' cannot handle unexpected argument '${rest[3]}'.`);
  } else return line.alert("'capture' expects 'cookie' or 'request header' or 'response header'.");
  proxy.config.captures.push(line.from(1));
  return undefined;
}

function isLength(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,6}$/.test(text) && Number(text) > 0;
}

/** `declare capture {request|response} len <n>` */
function parseDeclare(line: Line, proxy: ProxyDraft): void {
  const [, what, direction, len, size, extra] = line.words;
  if (what !== 'capture') return line.alert(`'declare' supports only 'capture', got '${what ?? ''}'`);
  if (direction !== 'request' && direction !== 'response')
    return line.alert("'declare capture' requires a direction ('request' or 'response').");
  if (len !== 'len' || !isLength(size)) return line.alert("'declare capture' expects 'len' <length>.");
  if (extra !== undefined) return line.alert(`'declare' cannot handle unexpected argument '${extra}'.`);
  proxy.config.declares.push(line.from(1));
  return undefined;
}

export const RULE_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works<ProxyDraft>('acl', '<name> <criterion> [<flags>] [<operator>] [<value>] ...', parseAcl, {
    sections: inSections('DFLB'),
    named: true,
  }),
  ruleSet('http-request', 'DFLB'),
  ruleSet('http-response', 'DFLB'),
  ruleSet('http-after-response', 'DFLB'),
  ruleSet('tcp-request', 'DFLB'),
  ruleSet('tcp-response', 'DFLB'),
  works<ProxyDraft>('use_backend', '<backend> [{if|unless} <condition>]', parseUseBackend, {
    sections: inSections('FL'),
  }),
  works<ProxyDraft>('use-server', '<server> {if|unless} <condition>', parseUseServer, { sections: inSections('LB') }),
  conditional('force-persist', 'forcePersist', 'LB'),
  conditional('ignore-persist', 'ignorePersist', 'LB'),
  conditional('force-be-switch', 'forceBeSwitch', 'FL'),
  works<ProxyDraft>('monitor', 'fail {if|unless} <condition>', parseMonitor, { sections: inSections('FL') }),
  works<ProxyDraft>(
    'redirect',
    '{location|prefix|scheme} <to> [code <code>] [<options>] [{if|unless} <condition>]',
    parseRedirect,
    { sections: inSections('FLB') },
  ),
  works<ProxyDraft>(
    'capture',
    '{cookie <name>|request header <name>|response header <name>} len <length>',
    parseCapture,
    { sections: inSections('FL') },
  ),
  works<ProxyDraft>('declare', 'capture {request|response} len <length>', parseDeclare, { sections: inSections('FL') }),
];
