import { HAPROXY_VERSION } from '../util/version.ts';

/** What a wrong command line with HAProxy's flags is answered with. */
export function usageText(): string {
  return `HAProxy version ${HAPROXY_VERSION}
Usage : sluice [-f <file|folder>]* [-c] [-d|-D|-db] [-W|-Ws] [-S <addr>[,<option>]*] [-p <pidfile>] [-L <name>]
               [-m <MB>] [-n <maxconn>] [-N <maxconn>] [-V] [-q] [-C <folder>] [-x <socket>] [-sf|-st <pid>*] [-- <file>*]
        -f   configuration file, or folder whose *.cfg files are read in alphabetic order
        -c   only check the files; -V says that they are valid
        -cc  evaluate a condition: exit status 0 true, 1 false, 2 not understood
        -db  stay in the foreground whatever the files say; -d: the same
        -D   leave the terminal once serving; -p: write the process id to a file
        -W   operate with a master CLI (-S); -Ws: and tell the service manager about readiness
        -C   folder to go to before files are read
        -L   name of this peer (default: the host's name)
        -m   megabytes of memory for the engine's heap
        -n   connections of the process; -N: of each proxy that does not say
        -sf  soft-stop these processes once serving; -st: stop them
        -x   take over the listening sockets of the process with this Runtime API socket
        -dW  a warning is an error; -dD: diagnostic warnings too; -dr: unresolved server names are no error
        -dK<class,...>  list known keywords (-dKhelp: classes); -dC: print the configuration as read; -dL: libraries in use
        -v   version; -vv: with what was built in
        --state-dir DIR  record changes there, and keep what was set live over restarts
        --api ADDR       serve the Data Plane API there: HOST:PORT, or the path of a socket
        --policy FILE    who may do what on the Runtime API, in which hours, with whose approval
        --journal-trouble refuse|go-on  what becomes of changes when they cannot be recorded (refuse)
        --journal-keep ENTRIES  newest entries of the record that are kept (1000000); 0: all
        --journal-keep-days DAYS  how long they are kept; 0: as long as there is room for them (0)
Sluice's own sub-commands: sluice help
`;
}

/** What `sluice help` says of the sub-commands. */
export function subCommandsText(): string {
  return `sluice: a load balancer that you operate while it runs

  sluice run FILE|FOLDER...       run these configuration files in the foreground (as -db -f)
  sluice check FILE|FOLDER...     check them (as -c -V -f); --report: line by line, what works here and what does not
  sluice send SOCKET COMMAND...   one Runtime API command to Sluice or HAProxy; exit status 1 when it is refused, 2 without an answer
  sluice runtime [COMMAND...]     Runtime API commands as through socat, or a prompt; --level user|operator|admin bounds what may be done
  sluice audit COMMAND            what was done, by whom, and whether the record of it is whole (sluice audit help)
  sluice remote URL OPERATION ... an operation over a Data Plane API, as with --target URL; SLUICE_API_USER, SLUICE_API_PASSWORD say who asks
  sluice policy COMMAND           look at a policy file before it is in force: check, explain, schema, actions
  sluice agent --target TARGET    keep what was set on a HAProxy through its reloads, end it in time, record what others change
  sluice top [--target TARGET]    a load balancer as it carries, on a screen that is drawn anew
  sluice completion SHELL         what bash, zsh or fish needs to complete command lines
  sluice demo                     run examples/quickstart with three small origins, and show what to try
  sluice version                  version and what was built in (as -vv)
  sluice help [OPERATION]         this text, or all about an operation; 'sluice -h' shows HAProxy's own flags

Exit status: 0 done, 1 failed (with the reason on stderr), 2 valid but nothing to listen on (check), or a condition not understood (-cc).
`;
}
