import { Transform } from 'class-transformer';
import { IsBoolean, IsEmail, IsIn, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { EXIT_POINTS, type ExitPoint } from '../common/exit-points.js';
import {
  IsCommaSeparated,
  IsCronExpression,
  IsHttpUrl,
  IsIntBetween,
  IsRetentionDays,
  IsTrueOrFalse,
  IsUrlOf,
} from './setting-decorators.js';

/**
 * Every setting of the process; its property names are the variables. docs/configuration.md and .env.example are made
 * from it by `npm run docs`: `Topic:` lines are the headings, TSDoc describes, the validators' messages say what fits.
 */
export class Environment {
  // Topic: HTTP server

  /** The TCP port of the HTTP server. 0 takes a free port. */
  @IsIntBetween(0, 65535)
  PORT: number = 3000;

  /** The address that the HTTP server listens on. `0.0.0.0` listens on every interface. */
  @IsString({ message: 'must be an address to listen on, such as 127.0.0.1 or 0.0.0.0' })
  @MinLength(1, { message: 'must be an address to listen on, such as 127.0.0.1 or 0.0.0.0' })
  HOST: string = '127.0.0.1';

  /** The address at which people reach Vedette. E-mail, chats and pagers then link to each alert at `.../alerts/ID`. */
  @IsOptional()
  @IsHttpUrl()
  VEDETTE_PUBLIC_URL?: string;

  /** Whether the server trusts `X-Forwarded-*` headers. Set it only behind a proxy that writes these headers itself. */
  @IsTrueOrFalse()
  VEDETTE_TRUST_PROXY: boolean = false;

  // Topic: Database

  /** A PostgreSQL 15 or newer to use instead of the embedded one. It needs `VEDETTE_SECRET_KEY` too. */
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'must be a URL that starts with postgres:// or postgresql://' })
  DATABASE_URL?: string;

  /** The largest number of database connections that this process keeps. */
  @IsIntBetween(3, 200)
  DATABASE_POOL_SIZE: number = 10;

  /** The folder of the embedded PostgreSQL and of the generated secret key. Relative to Vedette's own folder. */
  @IsString({ message: 'must be a folder' })
  @MinLength(1, { message: 'must be a folder' })
  VEDETTE_DATA_DIR: string = '.vedette';

  // Topic: Secrets and first sign-in

  /**
   * Signs access tokens and encrypts stored secrets. Required with `DATABASE_URL`, and the same on all replicas. When
   * it is unset, the embedded database gets a random key, which is kept in the data folder.
   */
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters; for example the output of: openssl rand -base64 48' })
  VEDETTE_SECRET_KEY?: string;

  /** The former secret key, until `npx vedette secrets rotate-key` has encrypted all secrets with the new one. */
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters: it is the former value of VEDETTE_SECRET_KEY' })
  VEDETTE_SECRET_KEY_PREVIOUS?: string;

  /** The e-mail address of the first admin, who is created when the organisation has no member yet. */
  @IsEmail({}, { message: 'must be an e-mail address' })
  VEDETTE_ADMIN_EMAIL: string = 'admin@vedette.local';

  /** The password of the first admin. When it is unset, Vedette makes a random one and prints it once. */
  @IsOptional()
  @MinLength(12, { message: 'must have 12 to 200 characters' })
  @MaxLength(200, { message: 'must have 12 to 200 characters' })
  VEDETTE_ADMIN_PASSWORD?: string;

  // Topic: Schedule

  /** When rules without a schedule of their own are evaluated, in UTC. */
  @IsCronExpression()
  VEDETTE_EVALUATION_CRON: string = '*/5 * * * *';

  /** When the daily posture snapshot is taken, in UTC. */
  @IsCronExpression()
  VEDETTE_SNAPSHOT_CRON: string = '5 0 * * *';

  /**
   * How many milliseconds posture must stay unchanged before Vedette evaluates a change. Under a stream of changes it
   * waits 2 seconds at most.
   */
  @IsIntBetween(0, 60_000, 'whole number of milliseconds')
  VEDETTE_CHANGE_DEBOUNCE_MS: number = 250;

  // Topic: Retention

  /**
   * How many days a resolved or dismissed alert and its notifications are kept. Open and acknowledged alerts are always
   * kept.
   */
  @IsRetentionDays()
  VEDETTE_RETENTION_ALERTS_DAYS: number = 365;

  /** How many days runs of the engine and former measurements of rules are kept. */
  @IsRetentionDays()
  VEDETTE_RETENTION_RUNS_DAYS: number = 30;

  /** How many days webhook deliveries are kept after all deliveries of their event were delivered or finally failed. */
  @IsRetentionDays()
  VEDETTE_RETENTION_DELIVERIES_DAYS: number = 30;

  /** How many days a notification is kept after it was read, and an e-mail after it was sent or given up. */
  @IsRetentionDays()
  VEDETTE_RETENTION_NOTIFICATIONS_DAYS: number = 90;

  /** How many days former values of posture, queue items and snapshots are kept. Backtests reach back as far. */
  @IsRetentionDays()
  VEDETTE_RETENTION_HISTORY_DAYS: number = 400;

  /** How many days a posture import is kept after it was applied or undone. It can be undone for as long. */
  @IsRetentionDays()
  VEDETTE_RETENTION_IMPORTS_DAYS: number = 365;

  // Topic: Webhooks

  /**
   * Hosts (`name`, `name:port`, `address:port`) that webhooks may reach although Vedette refuses such addresses, for
   * example loopback. Plain HTTP is allowed there too.
   */
  @IsCommaSeparated('hosts')
  VEDETTE_WEBHOOK_ALLOWED_HOSTS: string[] = [];

  /** Whether webhooks may reach private networks. Loopback, link-local and metadata addresses stay refused. */
  @IsTrueOrFalse()
  VEDETTE_WEBHOOK_ALLOW_PRIVATE: boolean = false;

  /**
   * The proxy that webhooks are sent through. It looks up host names itself and must refuse internal addresses too. The
   * URL may hold a user name and a password.
   */
  @IsOptional()
  @IsHttpUrl()
  VEDETTE_WEBHOOK_PROXY_URL?: string;

  // Topic: E-mail

  /**
   * The mail server, such as `smtp://user:password@mail.example.org:587` or `smtps://...:465`. Without it, no e-mail is
   * sent. `smtp://` uses STARTTLS if the server offers it; add `?requireTLS=true` to insist.
   */
  @IsOptional()
  @IsUrlOf(['smtp:', 'smtps:'], 'must be a URL that starts with smtp:// or smtps://')
  VEDETTE_SMTP_URL?: string;

  /** The sender of e-mail. */
  @Matches(/^(?:[^<>@,;:\\"\p{Cc}]+ <[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u, {
    message: 'must be an e-mail address, or a name and an address such as Vedette <vedette@example.org>',
  })
  VEDETTE_SMTP_FROM: string = 'Vedette <vedette@localhost>';

  // Topic: Logs

  /** The least severe level that is logged. */
  @IsIn(['error', 'warn', 'log', 'debug', 'verbose'], { message: 'must be error, warn, log, debug or verbose' })
  VEDETTE_LOG_LEVEL: 'error' | 'warn' | 'log' | 'debug' | 'verbose' = 'log';

  /** `json` suits a log collector, `text` suits people. */
  @IsIn(['json', 'text'], { message: 'must be json or text' })
  VEDETTE_LOG_FORMAT: 'json' | 'text' = 'text';

  // Topic: Monitoring

  /**
   * The token that lets a caller read `/metrics` from anywhere, sent as `Authorization: Bearer ...`. Without it, only
   * callers on the same machine may read them.
   */
  @IsOptional()
  @Matches(/^[!-~]{16,200}$/, { message: 'must have 16 to 200 printable characters and no space' })
  VEDETTE_METRICS_TOKEN?: string;

  /**
   * The ping address of a dead man's switch. Vedette calls it with GET after it has looked for due rules, at most once
   * a minute.
   */
  @IsOptional()
  @IsHttpUrl()
  VEDETTE_HEARTBEAT_URL?: string;

  // Topic: Traces

  /**
   * The base URL that traces are sent to, over OTLP. Vedette makes traces if this variable or the next one is set. The
   * other standard variables, such as `OTEL_SERVICE_NAME`, count too: OpenTelemetry reads them itself.
   */
  @IsOptional()
  @IsHttpUrl()
  OTEL_EXPORTER_OTLP_ENDPOINT?: string;

  /** The URL that traces alone are sent to. It wins over `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  @IsOptional()
  @IsHttpUrl()
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;

  /** The protocol of the exporter. When it is unset, `http/protobuf` is used. */
  @IsOptional()
  @IsString({ message: 'must be http/protobuf or http/json' })
  OTEL_EXPORTER_OTLP_PROTOCOL?: string;

  /** The protocol for traces alone. It wins over `OTEL_EXPORTER_OTLP_PROTOCOL`. */
  @IsOptional()
  @IsString({ message: 'must be http/protobuf or http/json' })
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL?: string;

  /** `true`, in any case, turns traces off. Every other value counts as `false`, as OpenTelemetry specifies. */
  @Transform(({ value }) => String(value).toLowerCase() === 'true')
  @IsBoolean({ message: 'must be true or false' })
  OTEL_SDK_DISABLED: boolean = false;

  // Topic: Demo and tests

  /** Set by `npm run demo` alone: fills an empty database with a generated organisation and marks it as a demo. */
  @IsTrueOrFalse()
  VEDETTE_DEMO: boolean = false;

  /** Set by `npm run demo` alone: the address of its webhook receiver. */
  @IsOptional()
  @IsString({ message: 'must be a URL' })
  VEDETTE_DEMO_RECEIVER_URL?: string;

  /** Set by tests alone, and refused unless NODE_ENV is `test`: where the process ends as if `kill -9` had ended it. */
  @IsOptional()
  @IsIn(EXIT_POINTS, { message: `must be one of ${EXIT_POINTS.join(', ')}` })
  VEDETTE_TEST_EXIT_AT?: ExitPoint;
}
