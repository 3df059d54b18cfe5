import { EXIT_POINTS } from '../../src/common/exit-points.js';
import { FaultWorld, onceEach, report } from '../support/fault-world.js';
import { startSmtpReceiver, type ReceivedMail, type SmtpReceiver } from '../support/smtp-receiver.js';
import { eventually, type VedetteProcess } from '../support/vedette-process.js';

const POINTS = EXIT_POINTS.filter((point) => point.startsWith('email:'));

const MESSAGE_ID = /^<[0-9a-f]{40}@localhost>$/;

/** Kills a process at each step of sending an e-mail. The next process must find the rest in the database. */
describe('kill -9 in the middle of an e-mail', () => {
  let world: FaultWorld;
  let smtp: SmtpReceiver;

  beforeAll(async () => {
    smtp = await startSmtpReceiver();
    world = await FaultWorld.create({ VEDETTE_CHANGE_DEBOUNCE_MS: '0', VEDETTE_SMTP_URL: smtp.url });
    const first = await world.startReplica();
    await world.addPeopleAndEndpoints(first);
    await first.api('PUT', '/notifications/preferences', { token: token(), body: { email: 'immediate' } });
    await first.stop();
  });

  afterAll(async () => {
    await world?.stop();
    await smtp?.close();
  });

  beforeEach(() => {
    smtp.mails.length = 0;
  });

  it.each(POINTS.map((point, index) => [point, 10 * (index + 1)] as const))(
    '%s: sends the mail, and twice only if the answer was lost',
    async (point, riskScore) => {
      const victim = await world.startReplica(point);
      const ruleId = await fire(victim, riskScore);
      // A process that a signal killed has no exit code.
      expect(await victim.exited).toBeNull();

      const mails = await afterRestart();

      report(`${point}: ${mails.length} sends of 1 message`);
      expect(mails).toHaveLength(point === 'email:after-send' ? 2 : 1);
      expect(new Set(messageIds(mails)).size).toBe(1);
      expect(messageIds(mails)[0]).toMatch(MESSAGE_ID);
      expect(await world.tally([ruleId])).toMatchObject(onceEach(1));
    },
  );

  it('sends the mail again with the same Message-ID if the mail server had not answered', async () => {
    smtp.answers.push('hold');
    const victim = await world.startReplica();
    await fire(victim, 10 * (POINTS.length + 1));
    await eventually(() => smtp.unanswered.length === 1, 'the mail server has read the message');
    await victim.kill();

    const mails = await afterRestart();

    expect(mails).toHaveLength(1);
    expect(messageIds(mails)).toEqual(messageIds(smtp.unanswered));
    expect(mails[0]!.to).toEqual(smtp.unanswered[0]!.to);
  });

  function token(): string {
    return world.organizations[0]!.token;
  }

  /** Makes a rule fire on this process, which may die. */
  async function fire(replica: VedetteProcess, riskScore: number): Promise<string> {
    const ruleId = await world.addRiskRule(replica, world.organizations[0]!, riskScore);
    await world.settled();
    await world.putRisk(replica, token(), riskScore);
    return ruleId;
  }

  /** Starts a new process, waits until all e-mail is sent, and returns the accepted mails. */
  async function afterRestart(): Promise<ReceivedMail[]> {
    // The lease of the killed process would expire within a minute.
    await world.database.query(
      `UPDATE email_delivery SET locked_until = now() - interval '1 second' WHERE locked_until IS NOT NULL`,
    );
    await world.expireLeases();
    const next = await world.startReplica();
    await eventually(async () => {
      const rows = await world.database.query<{ status: string }>('SELECT status FROM email_delivery');
      return rows.length > 0 && rows.every(({ status }) => status === 'sent');
    }, 'every message was sent');
    await world.settled();
    await world.delivered();
    await next.stop();
    return [...smtp.mails];
  }
});

function messageIds(mails: readonly ReceivedMail[]): (string | undefined)[] {
  return mails.map(({ headers }) => headers['message-id']);
}
