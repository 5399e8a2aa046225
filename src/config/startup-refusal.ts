/**
 * The server cannot start for a reason outside itself: the port is taken, the data folder is in use or cannot be written.
 * The message is for the person who started it: one or two lines, what is wrong and what to do. The CLI exits with 1.
 */
export class StartupRefusal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupRefusal';
  }
}
