import { execFile, execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type TempFolder, tempFolder } from './temp-folder.ts';

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/** Why no certificates can be made; nothing where they can. */
export function whyNoCertificates(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'openssl, which makes certificates, is not on this machine';
  }
}

/** An authority that nobody knows, in a folder of its own. */
export class Authority implements AsyncDisposable {
  readonly #folder: TempFolder;

  private constructor(folder: TempFolder) {
    this.#folder = folder;
  }

  static async found(): Promise<Authority> {
    const authority = new Authority(await tempFolder());
    const files = ['-keyout', authority.#at('ca.key'), '-out', authority.path];
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...files, '-subj', '/CN=an authority of tests']);
    return authority;
  }

  /** Of its own certificate. */
  get path(): string {
    return this.#at('ca.pem');
  }

  /** A certificate for a host of this name, and its key, as text. */
  async certify(host: string): Promise<{ readonly certificate: string; readonly key: string }> {
    const [key, certificate] = [this.#at(`${host}.key`), this.#at(`${host}.pem`)];
    const by = ['-CA', this.path, '-CAkey', this.#at('ca.key')];
    const what = ['-addext', `subjectAltName=DNS:${host}`, '-addext', 'basicConstraints=critical,CA:FALSE'];
    const files = ['-keyout', key, '-out', certificate];
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...files, '-subj', `/CN=${host}`, ...by, ...what]);
    return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }

  #at(name: string): string {
    return join(this.#folder.path, name);
  }
}
