/** An import that cannot be, or cannot go on, as a sentence for the operator. What has been copied stays for the next run. */
export class ImportRefused extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'ImportRefused';
  }
}
