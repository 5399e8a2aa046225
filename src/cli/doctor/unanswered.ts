import type { Unanswered } from '../way/ask.ts';
import { isLocal } from '../way/registry-address.ts';
import { type Finding, problem } from './finding.ts';
import type { Patient } from './patient.ts';

/** Why nobody answers, as far as the system's word for it tells. */
export function unansweredFinding(patient: Patient, { code }: Unanswered): Finding {
  const { endpoint, host } = patient;
  const { protocol, hostname, port } = new URL(endpoint);
  if (/^(?:EPROTO|ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))$/.test(code) && protocol === 'https:') {
    return problem('server', `what answers at ${host} does not speak TLS`, `export BERTH_ENDPOINT=http://${host}`);
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) {
    const mend = 'export NODE_EXTRA_CA_CERTS=/path/of/the/ca.pem';
    return problem('server', `this machine does not trust the certificate of ${host} (${code})`, mend);
  }
  if (/^HPE_/.test(code) || (code === 'ECONNRESET' && protocol === 'http:')) {
    const mend = `export BERTH_ENDPOINT=https://${host} # if it speaks TLS`;
    return problem('server', `what answers at ${host} does not speak plain HTTP (${code})`, mend);
  }
  const says = `nobody answers at ${endpoint} (${code})`;
  if (isLocal(patient))
    return problem('server', says, `berth serve${port === '4327' ? '' : ` --port ${port || '80'}`}`);
  const mend =
    code === 'ECONNREFUSED'
      ? `berth serve --host 0.0.0.0 --domain ${hostname} # on ${hostname}`
      : `curl -v ${endpoint}/livez # if that hangs, too, look for a firewall on the way to ${hostname}`;
  return problem('server', says, mend);
}
