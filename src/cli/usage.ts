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
