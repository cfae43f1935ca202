/** Options that several rules share (manual, sections 4.3 and 5). */

/** Body and headers of an answer that HAProxy makes itself. */
export const ANSWER = [
  'content-type <return_content_type>',
  'default-errorfiles=return_content_format:default-errorfiles',
  'errorfile=return_content_format:errorfile <return_content>',
  'errorfiles=return_content_format:errorfiles <return_content>',
  'file=return_content_format:file <return_content>',
  'lf-file=return_content_format:lf-file <return_content>',
  'string=return_content_format:string <return_content>',
  'lf-string=return_content_format:lf-string <return_content>',
  'hdr <name> <fmt>*return_hdrs',
];

/** The connection of a step of a health check. */
export const CHECK_CONNECTION = [
  'default=default',
  'port <@check-port>',
  'addr <addr>',
  'send-proxy=send_proxy',
  'via-socks4=via_socks4',
  'ssl=ssl',
  'sni <sni>',
  'alpn <alpn>',
  'linger=linger',
  'proto <proto>',
  'comment <check_comment>',
];

/** What a step of a health check expects. */
export const CHECK_EXPECTATION = [
  'min-recv <min_recv:int>',
  'comment <check_comment>',
  'ok-status <ok_status:L7OK|L7OKC|L6OK|L4OK>',
  'error-status <error_status:L7OKC|L7RSP|L7STS|L6RSP|L4CON>',
  'tout-status <tout_status:L7TOUT|L6TOUT|L4TOUT>',
  'on-success <on_success>',
  'on-error <on_error>',
  'status-code <status-code>',
  '!=exclamation_mark',
];
