import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { getMetadataStorage } from 'class-validator';
import prettier from 'prettier';
import ts from 'typescript';
import { root } from './prepare.mjs';

/** The last topic. Only the demo and tests set these variables, so they do not belong in `.env`. */
const INTERNAL_TOPIC = 'Demo and tests';

/**
 * Makes the files about the environment class, by name. Descriptions come from its source, defaults and messages from
 * the built class.
 */
export async function environmentDocs() {
  const topics = await readTopics(findSource());
  const markdown = toMarkdown(topics);
  return {
    'docs/configuration.md': await prettier.format(markdown, {
      ...(await prettier.resolveConfig(path.join(root, 'docs/configuration.md'))),
      parser: 'markdown',
    }),
    '.env.example': toEnvFile(topics),
  };
}

/** Finds the file below `src/` by its content. */
function findSource() {
  const files = readdirSync(path.join(root, 'src'), { recursive: true })
    .filter((name) => path.basename(name) === 'environment.ts')
    .map((name) => path.join(root, 'src', name))
    .filter((file) => readFileSync(file, 'utf8').includes('export class Environment '));
  if (files.length !== 1) throw new Error(`${files.length} files below src/ declare the class Environment, not 1`);
  return files[0];
}

/** The variables in the order of the class: `[{ name, variables: [{ name, description, value, fallback }] }]`. */
async function readTopics(file) {
  const built = path.join(root, 'dist', path.relative(root, file).replace(/\.ts$/, '.js'));
  if (!existsSync(built)) throw new Error(`${built} does not exist: build first`);
  const { Environment } = await import(pathToFileURL(built).href);
  const defaults = new Environment();
  const validators = getMetadataStorage().getTargetValidationMetadatas(Environment, '', false, false);
  const topics = [];
  for (const { name, topic, description } of declarations(file)) {
    if (topic) topics.push({ name: topic, variables: [] });
    if (!topics.length) throw new Error(`${name} is before the first line that begins with "Topic:"`);
    if (!description) throw new Error(`${name} has no TSDoc`);
    const messages = validators.filter(({ propertyName }) => propertyName === name).map(({ message }) => message);
    const value = [...new Set(messages.filter((message) => typeof message === 'string'))].join('; ');
    if (!value) throw new Error(`${name} has no validator with a message`);
    topics.at(-1).variables.push({ name, description, value, fallback: String(defaults[name] ?? '') });
  }
  return topics;
}

function* declarations(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const declared = source.statements.find((node) => ts.isClassDeclaration(node) && node.name?.text === 'Environment');
  for (const member of declared.members.filter(ts.isPropertyDeclaration)) {
    const before = source.text.slice(member.getFullStart(), member.getStart());
    yield {
      name: member.name.getText(),
      topic: /\/\/ Topic: (.+)/.exec(before)?.[1],
      description: ts
        .getJSDocCommentsAndTags(member)
        .map(({ comment }) => ts.getTextOfJSDocComment(comment))
        .join('\n')
        .replace(/\s*\n\s*/g, ' '),
    };
  }
}

function toMarkdown(topics) {
  const sections = topics.map(({ name, variables }) => `## ${name}\n\n${variables.map(toSection).join('\n\n')}`);
  return `# Configuration

<!-- Made from the class Environment by \`npm run docs\`. Change that class, not this file. -->

After reading this page you can set every setting of Vedette.

\`\`\`sh
cp .env.example .env        # then remove the # before what you set
PORT=8080 npm start         # a variable of the real environment wins over .env
\`\`\`

Vedette reads its settings from environment variables. \`npm start\`, \`npm run dev\` and \`npx vedette\` also read the file
\`.env\` in Vedette's own folder; the demo, the tests and the Docker image do not. An empty variable counts as unset. If a
value does not fit, Vedette does not start and names the variable. Docker Compose reads \`.env\` too, for the variables that
docker-compose.yml names.

${sections.join('\n\n')}
`;
}

function toSection({ name, description, value, fallback }) {
  const shownDefault = fallback ? `\`${fallback}\`` : 'none';
  return `### \`${name}\`\n\n${description}\n\n- Value: ${escape(plain(value))}\n- Default: ${shownDefault}`;
}

function toEnvFile(topics) {
  const sections = topics
    .filter(({ name }) => name !== INTERNAL_TOPIC)
    .map(({ name, variables }) => {
      const lines = variables.map(
        ({ name, description, fallback }) => `# ${firstSentence(description)}\n# ${name}=${fallback}\n`,
      );
      return `## ${name}\n\n${lines.join('\n')}`;
    });
  return `# Copy this file to .env, and remove the # before the variables that you set.
# docs/configuration.md describes each variable. Made by \`npm run docs\`: change the class Environment, not this file.

${sections.join('\n')}`;
}

/** A validator's message without its first words, "must be" or "must have". */
function plain(message) {
  return message.replace(/^must (be|have) /, '');
}

function escape(text) {
  return text.replace(/([*<>_])/g, '\\$1');
}

/** A full stop inside a name, such as `/etc/a.b` or `...`, does not end a sentence. */
function firstSentence(text) {
  return /^.*?[^.]\.(?= [A-Z`]|$)/.exec(text)?.[0] ?? text;
}
