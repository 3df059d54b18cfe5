import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** The unchanged text of the message. */
  raw: string;
  /** Unfolded headers by lower-case name; encoded words stay encoded. */
  headers: Record<string, string>;
}

/** A mail server that stores messages and answers as the test decides. */
export interface SmtpReceiver {
  url: string;
  mails: ReceivedMail[];
  /** Messages that it received completely and never answered. */
  unanswered: ReceivedMail[];
  /**
   * The answers to the next messages: a number rejects with this status, undefined accepts, and `hold` never answers.
   */
  answers: (number | 'hold' | undefined)[];
  /** Waits for at least this many mails. */
  received(count: number): Promise<ReceivedMail[]>;
  close(): Promise<void>;
}

export const SMTP_PASSWORD = 'p@ss word/of the tests';

export async function startSmtpReceiver(): Promise<SmtpReceiver> {
  const mails: ReceivedMail[] = [];
  const unanswered: ReceivedMail[] = [];
  const answers: SmtpReceiver['answers'] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: false,
    allowInsecureAuth: true,
    authMethods: ['PLAIN'],
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      password === SMTP_PASSWORD
        ? done(null, { user: username })
        : done(Object.assign(new Error(`no such password: ${password}`), { responseCode: 535 })),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const answer = answers.shift();
        if (typeof answer === 'number') return done(Object.assign(new Error('not now'), { responseCode: answer }));
        const mail = parse(Buffer.concat(chunks).toString(), session.envelope);
        if (answer === 'hold') return unanswered.push(mail);
        mails.push(mail);
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://vedette:${encodeURIComponent(SMTP_PASSWORD)}@127.0.0.1:${port}`,
    mails,
    unanswered,
    answers,
    received: async (count) => {
      for (const end = Date.now() + 10_000; mails.length < count; await sleep(10)) {
        if (Date.now() > end) throw new Error(`timed out while waiting for ${count} mails; there are ${mails.length}`);
      }
      return mails;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function parse(raw: string, envelope: { mailFrom: unknown; rcptTo: { address: string }[] }): ReceivedMail {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  const headers = Object.fromEntries(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const from = (envelope.mailFrom as { address: string }).address;
  return { from, to: envelope.rcptTo.map(({ address }) => address), raw, headers };
}
