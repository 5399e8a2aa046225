import { isRegion, isRegistryId } from '../model/registry.ts';
import { credentialList } from './credentials.ts';
import { type Declaration, declare, type Profile } from './declaration.ts';
import { dataHome } from './home-folders.ts';
import { STORE_SETTINGS } from './store-settings.ts';
import { duration, list, oneOf, parseDomain, parseHost, parseLocation, text, wholeNumber, yesOrNo } from './values.ts';

const LONGEST = '3650d';
/** Longer delays do not fit a timer. */
const LONGEST_TIMER = '24d';

export const SETTINGS = {
  profile: declare({
    value: oneOf<Profile>('local', 'production'),
    accepts: 'local or production',
    help: 'How far to trust callers',
    fallback: 'local',
    argument: '<name>',
  }),
  host: declare({
    value: text(parseHost),
    accepts: 'an IP address or a host name, without scheme and port',
    help: 'Address to listen on',
    fallback: '127.0.0.1',
    argument: '<address>',
  }),
  port: declare({
    value: wholeNumber(0, 65_535),
    accepts: 'a whole number from 0 to 65535 (0 picks a free port)',
    help: 'Port to listen on; 0 picks a free one',
    fallback: '4327',
    argument: '<number>',
  }),
  dataDir: declare({
    value: text((path) => (path.includes('\0') ? undefined : path)),
    accepts: 'the path of a folder',
    help: 'Folder that holds what is not in a database or a bucket; one process at a time may use it',
    fallback: ({ env }) => dataHome(env),
    fallbackSaid: '$XDG_DATA_HOME/berth, or ~/.local/share/berth',
    argument: '<folder>',
    kind: 'path',
  }),
  ...STORE_SETTINGS,
  account: declare({
    value: text((id) => (isRegistryId(id) ? id : undefined)),
    accepts: 'an AWS account id: 12 digits',
    help: 'Account of callers whose key names none',
    fallback: '000000000000',
    argument: '<id>',
  }),
  region: declare({
    value: text((region) => (isRegion(region) ? region : undefined)),
    accepts: 'a region name: lower-case letters, digits and hyphens, at most 63 (us-east-1, onprem-1)',
    help: 'Region of callers who name none',
    fallback: 'us-east-1',
    argument: '<name>',
  }),
  domains: declare({
    value: list(parseDomain),
    accepts: 'host names without scheme and port, *.example.com for all below a name',
    help: 'Host name to answer to, besides loopback and ECR-shaped ones; *.example.com for all below it; may be repeated',
    fallback: () => undefined,
    fallbackSaid: 'none',
    argument: '<name>',
    flag: 'domain',
    kind: 'list',
  }),
  createOnPush: declare({
    value: yesOrNo,
    accepts: 'true or false',
    help: 'Create a missing repository when an image is pushed to it',
    fallback: ({ profile }) => String(profile === 'local'),
    fallbackSaid: 'true in profile local',
    kind: 'boolean',
  }),
  sparseManifests: declare({
    value: yesOrNo,
    accepts: 'true or false',
    help: 'Take images over the distribution protocol that name layers or images which are not there',
    fallback: 'false',
    kind: 'boolean',
  }),
  gcGrace: declare({
    value: duration('0s', LONGEST),
    accepts: `a duration up to ${LONGEST}, such as 0s, 30s, 90m, 1h or 7d`,
    help: 'How long deleted bytes stay on disk, for downloads that are still reading them',
    fallback: '1h',
    argument: '<duration>',
    kind: 'duration',
  }),
  gcLease: declare({
    value: duration('0s', LONGEST),
    accepts: `a duration up to ${LONGEST}, such as 30s, 90m, 1h or 7d`,
    help: 'How long an uploaded layer is kept for the image that will name it',
    fallback: '1h',
    argument: '<duration>',
    kind: 'duration',
  }),
  gcInterval: declare({
    value: duration('10ms', LONGEST_TIMER),
    accepts: `a duration from 10ms to ${LONGEST_TIMER}, such as 30s or 5m`,
    help: 'How often the workers look for bytes to erase',
    fallback: '30s',
    argument: '<duration>',
    kind: 'duration',
  }),
  undoWindow: declare({
    value: duration('0s', LONGEST),
    accepts: `a duration up to ${LONGEST}, such as 0s, 1h or 7d`,
    help: 'How long what was deleted can be brought back with berth restore; its bytes stay on disk as long',
    fallback: '0s',
    argument: '<duration>',
    kind: 'duration',
  }),
  referrerExpiry: declare({
    value: duration('0s', LONGEST),
    accepts: `a duration up to ${LONGEST}, such as 0s, 1h or 23h`,
    help: 'How long signatures and other referrers outlive the image they refer to',
    fallback: '23h',
    argument: '<duration>',
    kind: 'duration',
  }),
  uploadExpiry: declare({
    value: duration('1s', LONGEST),
    accepts: `a duration from 1s to ${LONGEST}, such as 30m or 24h`,
    help: 'How long an upload may lie untouched before it is thrown away',
    fallback: '24h',
    argument: '<duration>',
    kind: 'duration',
  }),
  accelRedirect: declare({
    value: text(parseLocation),
    accepts:
      'off, or a path that begins and ends with a slash, of letters, digits, dots, hyphens and underscores (/berth-blobs/)',
    help: 'Internal location of an nginx in front that serves the folder of blobs: large blobs are left to it',
    fallback: 'off',
    argument: '<location>',
  }),
  logLevel: declare({
    value: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    accepts: 'trace, debug, info, warn, error, fatal or silent',
    help: 'Least important lines to log: trace, debug, info, warn, error, fatal or silent',
    fallback: 'info',
    argument: '<level>',
  }),
  logFormat: declare({
    value: oneOf('text', 'json'),
    accepts: 'text or json',
    help: 'How log lines look on stderr: text or json',
    fallback: ({ profile }) => (profile === 'local' ? 'text' : 'json'),
    fallbackSaid: 'text in profile local',
    argument: '<format>',
  }),
  maxRequests: declare({
    value: wholeNumber(1, 65_536),
    accepts: 'a whole number from 1 to 65536',
    help: 'How many requests to work on at once; four times as many more are taken in bursts, the others are refused',
    fallback: '48',
    argument: '<number>',
  }),
  shutdownGrace: declare({
    value: duration('0s', LONGEST_TIMER),
    accepts: `a duration up to ${LONGEST_TIMER}, such as 30s`,
    help: 'How long requests in flight may take to end once the server is told to stop',
    fallback: '30s',
    argument: '<duration>',
    kind: 'duration',
  }),
  credentials: declare({
    value: credentialList,
    accepts:
      'a list of entries with accessKeyId (1 to 128 letters, digits or _), secretAccessKey (1 to 256 visible ASCII characters) and, if it is not the default account, accountId (12 digits); each accessKeyId once',
    help: 'Keys to know, in a config file only',
    fallback: () => undefined,
    kind: 'file',
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** The configuration, resolved. Durations are milliseconds, paths absolute. */
export type Settings = {
  readonly [N in SettingName]: (typeof SETTINGS)[N] extends Declaration<infer T> ? T : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** `dataDir` is `--data-dir`. */
export function flagOf(name: SettingName): string {
  const declaration: Declaration<unknown> = SETTINGS[name];
  return declaration.flag ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `dataDir` is `BERTH_DATA_DIR`. In a file it is `dataDir`, as here. */
export function variableOf(name: string): string {
  return `BERTH_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
