import { lookup } from 'node:dns/promises';
import process from 'node:process';
import { SIGNATURE_WINDOW } from '../../aws/sigv4/request-date.ts';
import type { ServerAccess } from '../../config/server-access.ts';
import { refusalIn, ServerError } from '../client/server-error.ts';
import { formatInstant, formatSpan } from '../format.ts';
import { type Answered, ask, Unanswered } from '../way/ask.ts';
import { askWithPassword, callEcr, fetchPassword } from '../way/call-ecr.ts';
import { isOurChallenge } from '../way/challenge.ts';
import type { Password } from '../way/password-cache.ts';
import { isLocal } from '../way/registry-address.ts';
import { type Finding, fine, problem, skipped } from './finding.ts';
import type { Patient } from './patient.ts';
import { unansweredFinding } from './unanswered.ts';

/** From the name to a password that the registry takes, each step upon the one before. Returns that password. */
export async function* serverChecks(patient: Patient): AsyncGenerator<Finding, Password | undefined> {
  const { endpoint, clock } = patient;
  const name = await nameCheck(patient);
  yield name;
  if (name.state === 'problem') return yield* skipRest(['server', 'berth', 'clock', 'keys', 'token', 'registry']);
  let answered: Answered;
  try {
    answered = await ask(endpoint, { target: '/v2/' });
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    yield unansweredFinding(patient, error);
    return yield* skipRest(['berth', 'clock', 'keys', 'token', 'registry']);
  }
  yield fine('server', `something answers at ${endpoint}`);
  const berth = await berthCheck(patient, answered);
  yield berth;
  if (berth.state === 'problem') return yield* skipRest(['clock', 'keys', 'token', 'registry']);
  yield clockCheck(answered, clock.now());
  const { access } = patient;
  if (!('region' in access)) {
    const mend = 'export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…';
    yield problem('keys', access.join('; '), /(eval ".*")$/.exec(access.at(-1) ?? '')?.[1] ?? mend);
    return yield* skipRest(['token', 'registry']);
  }
  yield fine('keys', `${access.accessKeyId} (${access.keysFrom})`);
  return yield* passwordChecks(patient, access);
}

async function* passwordChecks(patient: Patient, access: ServerAccess): AsyncGenerator<Finding, Password | undefined> {
  const { endpoint, clock } = patient;
  try {
    const password = await fetchPassword(access, clock);
    const account = await accountOf(patient, access);
    const end = formatInstant(password.expiresAt);
    yield fine('token', `the server gives a password for ${account}region ${access.region}, good until ${end}`);
    const { status } = await askWithPassword(endpoint, password, '/v2/');
    if (status === 200) {
      yield fine('registry', `${endpoint}/v2/ takes it`);
      return password;
    }
    yield problem('registry', `${endpoint}/v2/ does not take it (HTTP ${status})`, PROXIED);
  } catch (error) {
    if (!(error instanceof ServerError || error instanceof Unanswered)) throw error;
    yield problem('token', error.message.split('\n')[0] ?? '', isLocal(patient) ? LOCAL_KEYS : OTHER_KEYS);
    yield skipped('registry', 'there is no password to try');
  }
  return undefined;
}

const LOCAL_KEYS =
  'export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test; unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE';
const OTHER_KEYS = 'export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… # a pair that this server knows';
const PROXIED = 'Let whatever stands in front of the server pass the Authorization header on';

async function* skipRest(checks: readonly string[]): AsyncGenerator<Finding, undefined> {
  for (const check of checks) yield skipped(check, 'what comes before it has failed');
  return undefined;
}

async function nameCheck({ endpoint, hosts, host }: Patient): Promise<Finding> {
  const name = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
  try {
    const addresses = await lookup(name, { all: true });
    return fine('name', `${name} leads to ${addresses.map(({ address }) => address).join(', ')}`);
  } catch {
    const usual = name.endsWith('.localhost') ? host.replace(name, 'localhost') : undefined;
    const says = `this machine does not know the name ${name}`;
    return usual === undefined
      ? problem(
          'name',
          says,
          `Add ${name} to the name server or to /etc/hosts, or name the server otherwise than ${hosts[0]}`,
        )
      : problem(
          'name',
          `${says}; many systems resolve nothing below localhost`,
          `export BERTH_ENDPOINT=http://${usual}`,
        );
  }
}

async function berthCheck({ endpoint, host }: Patient, answered: Answered): Promise<Finding> {
  const { status, headers, document } = answered;
  if (isOurChallenge(answered)) {
    const version = await versionOf(endpoint);
    return fine('berth', version === undefined ? 'it speaks like Berth' : `it is Berth ${version}`);
  }
  const refusal = refusalIn(document);
  if (refusal?.code === 'HostNotAllowed') {
    const name = new URL(endpoint).hostname;
    return problem('berth', `it is Berth, and does not answer to the name ${name}`, `berth serve --domain ${name}`);
  }
  if (/^AirTunes/.test(String(headers['server'] ?? ''))) {
    const mend = 'berth serve --port 4327 # or turn AirPlay Receiver off in the settings of this Mac';
    return problem('berth', `the AirPlay Receiver of this Mac has port ${new URL(endpoint).port}`, mend);
  }
  const says = `what answers at ${host} is not Berth (HTTP ${status})`;
  return problem('berth', says, 'export BERTH_ENDPOINT=http://localhost:4327 # or wherever the server is');
}

async function versionOf(endpoint: string): Promise<string | undefined> {
  try {
    const { text } = await ask(endpoint, { target: '/metrics' });
    return /^berth_build_info\{version="([\w.+-]{1,60})"[,}]/m.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

function clockCheck({ headers }: Answered, now: number): Finding {
  const theirs = Date.parse(headers.date ?? '');
  if (Number.isNaN(theirs)) return skipped('clock', 'the server does not say what time it is');
  const apart = Math.abs(theirs - now);
  // Dates in headers are whole seconds, and the answer took a while.
  if (apart < 5000) return fine('clock', 'this machine and the server have the same time');
  const says = `the server has ${formatInstant(theirs)}, this machine ${formatInstant(now)}: ${formatSpan(apart)} apart`;
  if (apart < SIGNATURE_WINDOW) return fine('clock', `${says}, which signatures allow`);
  const mend = process.platform === 'darwin' ? 'sudo sntp -sS time.apple.com' : 'sudo timedatectl set-ntp true';
  return problem(
    'clock',
    `${says}; signatures allow ${formatSpan(SIGNATURE_WINDOW)}`,
    `${mend} # on the one that is wrong`,
  );
}

/** `account 000000000000, `, or nothing if it does not tell: the refusal of a repository that nobody has names the registry. */
async function accountOf({ clock }: Patient, access: ServerAccess): Promise<string> {
  const nobodys = { repositoryNames: ['berth-doctor/nobody-has-this'] };
  const { document } = await callEcr(access, clock, 'DescribeRepositories', nobodys);
  const account = /registry with id '([0-9]{12})'/.exec(refusalIn(document)?.message ?? '')?.[1];
  return account === undefined ? '' : `account ${account}, `;
}
