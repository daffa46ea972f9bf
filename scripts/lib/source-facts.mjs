import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * What the boundary check needs to know of one source file.
 *
 * @param {string} root
 * @param {string} file relative to root, with forward slashes
 */
export function readSource(root, file) {
  const tree = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const facts = { file, imports: [], starExports: [], environmentReads: [] };
  const requires = requireNames(tree);
  const lineOf = (node) => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;

  const visit = (node) => {
    const found = importedBy(node, requires);
    if (found) facts.imports.push({ ...found, line: lineOf(node) });
    if (ts.isExportDeclaration(node) && !node.exportClause) facts.starExports.push(lineOf(node));
    if (readsEnvironment(node)) facts.environmentReads.push(lineOf(node));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return facts;
}

/** `require`, and what the file made with `createRequire`. */
function requireNames(tree) {
  const names = new Set(['require']);
  const visit = (node) => {
    const { initializer } = node;
    if (ts.isVariableDeclaration(node) && initializer && ts.isCallExpression(initializer)) {
      if (initializer.expression.getText() === 'createRequire') names.add(node.name.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return names;
}

/** `import … from`, `export … from`, `import()`, `require()`, `require.resolve()` and `import('…').Type`. */
function importedBy(node, requires) {
  if (ts.isImportDeclaration(node)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: isTypeOnly(node.importClause) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    const elements =
      node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : [];
    const typeOnly =
      node.isTypeOnly || (elements.length > 0 && elements.every((element) => element.isTypeOnly));
    return { specifier: node.moduleSpecifier.text, typeOnly };
  }
  if (ts.isCallExpression(node) && node.arguments.length > 0 && ts.isStringLiteralLike(node.arguments[0])) {
    const callee = node.expression;
    const isImport = callee.kind === ts.SyntaxKind.ImportKeyword;
    const isRequire = requires.has(callee.getText().replace(/\.resolve$/, ''));
    if (isImport || isRequire) return { specifier: node.arguments[0].text, typeOnly: false };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: node.argument.literal.text, typeOnly: true };
  }
  return undefined;
}

function isTypeOnly(clause) {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return (
    !clause.name &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

/** `process.env`, `process['env']` and `const { env } = process`. */
function readsEnvironment(node) {
  if (ts.isPropertyAccessExpression(node)) return node.getText().replace(/\s/g, '') === 'process.env';
  if (ts.isElementAccessExpression(node)) return /^process\[(['"])env\1\]$/.test(node.getText());
  if (ts.isVariableDeclaration(node) && node.initializer?.getText() === 'process') {
    return (
      ts.isObjectBindingPattern(node.name) &&
      node.name.elements.some((element) => /^env\b/.test(element.getText()))
    );
  }
  return false;
}
