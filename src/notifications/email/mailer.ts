import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import { Environment } from '../../config/index.js';
import { composeMessage, type OutgoingEmail } from './compose-message.js';
import type { SendOutcome } from './decide-email.js';
import { EmailSettings } from './email-settings.js';

const MAX_ERROR_CHARACTERS = 500;

/** Errors with these codes are about the server or our account on it, whatever the reply code. */
const ABOUT_SERVER = new Set([
  'EAUTH',
  'ENOAUTH',
  'EOAUTH2',
  'ETLS',
  'EREQUIRETLS',
  'ECONNECTION',
  'ESOCKET',
  'ETIMEDOUT',
  'EDNS',
  'EPROTOCOL',
]);

interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
  response?: string;
}

/** Sends messages to the mail server of the settings. */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly transport: Transporter | undefined;
  private readonly secrets: readonly string[];

  constructor(
    private readonly environment: Environment,
    private readonly settings: EmailSettings,
  ) {
    const url = environment.VEDETTE_SMTP_URL;
    this.secrets = url ? secretsOf(new URL(url)) : [];
    if (!url) return;
    const { sendTimeoutMs, concurrency } = settings;
    // A message must not make the library read files or URLs.
    this.transport = createTransport(
      {
        url,
        pool: true,
        maxConnections: concurrency,
        maxRequeues: 0,
        connectionTimeout: Math.min(10_000, sendTimeoutMs),
        greetingTimeout: Math.min(10_000, sendTimeoutMs),
        socketTimeout: sendTimeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
        logger: false,
      },
      { from: environment.VEDETTE_SMTP_FROM },
    );
  }

  /** Whether a mail server is configured. */
  get isConfigured(): boolean {
    return this.transport !== undefined;
  }

  onApplicationShutdown(): void {
    this.transport?.close();
  }

  /** Never throws: a failure is an outcome. */
  async send(mail: OutgoingEmail): Promise<SendOutcome> {
    if (!this.transport) throw new Error('no mail server is configured');
    const { VEDETTE_SMTP_FROM: from, VEDETTE_PUBLIC_URL: publicUrl } = this.environment;
    const message = composeMessage(mail, domainOf(from), publicUrl ?? null);
    try {
      const info = await withTimeout(this.transport.sendMail(message), this.settings.sendTimeoutMs);
      return { kind: 'sent', statusCode: statusOf((info as { response?: string }).response) };
    } catch (error) {
      return this.failure(error as SmtpError);
    }
  }

  private failure(error: SmtpError): SendOutcome {
    const statusCode = error.responseCode ?? null;
    const text = statusCode === null ? `${error.code ?? 'error'}: ${error.message}` : (error.response ?? error.message);
    return {
      kind: 'failed',
      statusCode,
      isAboutMessage: !ABOUT_SERVER.has(error.code ?? ''),
      error: this.redact(text)
        .replace(/[\p{Cc}]+/gu, ' ')
        .slice(0, MAX_ERROR_CHARACTERS),
    };
  }

  /** A server may repeat our commands in its error, and they contain the password. */
  private redact(text: string): string {
    return this.secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
  }
}

/** The password, in every form in which it is sent. */
function secretsOf(url: URL): string[] {
  if (!url.password) return [];
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  return [
    password,
    url.password,
    Buffer.from(password).toString('base64'),
    Buffer.from(`\u0000${user}\u0000${password}`).toString('base64'),
  ];
}

function domainOf(from: string): string {
  return /@([^\s@>]+)>?\s*$/.exec(from)?.[1] ?? 'vedette.invalid';
}

function statusOf(response: string | undefined): number | null {
  const code = Number(response?.slice(0, 3));
  return Number.isInteger(code) && code > 0 ? code : null;
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('the mail server took too long'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
