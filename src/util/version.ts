/** Sluice's own version, that of package.json (a test holds that). */
export const SLUICE_VERSION = '0.1.0';

/** Date of the release, as HAProxy writes it. */
export const RELEASE_DATE = '2026/11/21';

/**
 * The version told to clients of the Runtime API and of `-v`: that of the HAProxy whose interfaces Sluice speaks, then its own.
 * Clients compare the leading number.
 */
export const HAPROXY_VERSION = `3.5-sluice${SLUICE_VERSION}`;
