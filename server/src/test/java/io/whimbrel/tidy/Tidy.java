package io.whimbrel.tidy;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/// Checks the direction of imports between rooms, sizes, names, and calls that belong in one place
/// only, with the JDK's own parser. Confined to one thread.
final class Tidy {
    static final int LINE_COLUMNS_MAX = 100;
    static final int METHOD_LINES_MAX = 70;
    static final int FILE_LINES_MAX = 600;
    static final int PARAMETERS_MAX = 6;

    private static final String ROOT = "io.whimbrel.";

    /// Reading the clock or sleeping anywhere but `time` makes tests slow and random.
    private static final Set<String> CLOCK_CALLS =
            Set.of(
                    "Instant.now",
                    "LocalDateTime.now",
                    "ZonedDateTime.now",
                    "OffsetDateTime.now",
                    "System.currentTimeMillis",
                    "System.nanoTime",
                    "Thread.sleep",
                    "TimeUnit.SECONDS.sleep",
                    "TimeUnit.MILLISECONDS.sleep",
                    "Clock.systemUTC");

    private static final Set<String> BANNED_CALLS =
            Set.of("Executors.newCachedThreadPool", "Class.forName", "System.exit");

    private static final Pattern BANNED_NAME =
            Pattern.compile("(Abstract|Base)[A-Z].*|.*(Manager|Helper|Utils?|Impl)");

    private static final Pattern BARE_NOTE = Pattern.compile("\\b(TODO|FIXME|XXX)\\b");

    /// One source file: where it is said to be, and its text.
    record Source(String path, String text) {
        boolean isTest() {
            return path.contains("src/test/");
        }

        boolean isServer() {
            return path.contains("server/src/main/");
        }
    }

    private final List<String> findings = new ArrayList<>();

    static List<String> check(List<Source> sources) throws IOException {
        var tidy = new Tidy();
        for (Source source : sources) {
            tidy.checkLines(source);
        }
        tidy.checkTrees(sources);
        return tidy.findings;
    }

    private void checkLines(Source source) {
        List<String> lines = source.text().lines().toList();
        if (lines.size() > FILE_LINES_MAX) {
            findings.add(source.path() + ": " + lines.size() + " lines, limit " + FILE_LINES_MAX);
        }
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.length() > LINE_COLUMNS_MAX) {
                findings.add(source.path() + ":" + (i + 1) + ": line exceeds 100 columns");
            }
            if (!source.path().endsWith("tidy/Tidy.java") && BARE_NOTE.matcher(line).find()) {
                findings.add(source.path() + ":" + (i + 1) + ": bare TODO, FIXME or XXX");
            }
        }
    }

    private void checkTrees(List<Source> sources) throws IOException {
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            List<JavaFileObject> units = new ArrayList<>();
            Map<URI, Source> byUri = new HashMap<>();
            for (Source source : sources) {
                var unit = new InMemorySource(source);
                units.add(unit);
                byUri.put(unit.toUri(), source);
            }
            var task = (JavacTask) compiler.getTask(null, files, null, null, null, units);
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                Source source = Objects.requireNonNull(byUri.get(unit.getSourceFile().toUri()));
                unit.accept(new UnitScanner(unit, positions, source), null);
            }
        }
    }

    private static final class InMemorySource extends SimpleJavaFileObject {
        private final Source source;

        InMemorySource(Source source) {
            super(URI.create("mem:///" + source.path().replace('\\', '/')), Kind.SOURCE);
            this.source = source;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source.text();
        }
    }

    /// `io.whimbrel.smtp.SmtpReply` is in room `smtp`, `io.whimbrel.Main` in the room without name.
    private static String roomOf(String qualifiedName) {
        String below = qualifiedName.substring(ROOT.length());
        int dot = below.indexOf('.');
        return dot < 0 ? "" : below.substring(0, dot);
    }

    private final class UnitScanner extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;
        private final Source source;
        private final String room;

        /// Of the innermost class around the tree being visited.
        private Tree.Kind classKind = Tree.Kind.CLASS;

        UnitScanner(CompilationUnitTree unit, SourcePositions positions, Source source) {
            this.unit = unit;
            this.positions = positions;
            this.source = source;
            this.room = roomOf(unit.getPackageName() + ".X");
            if (source.isServer() && !Rooms.isKnown(room)) {
                findings.add(source.path() + ": room " + room + " is not in the import table");
            }
        }

        @Override
        public Void visitImport(ImportTree tree, Void unused) {
            String imported = tree.getQualifiedIdentifier().toString();
            if (imported.endsWith(".*")) {
                find(tree, "wildcard import");
            }
            if (imported.startsWith("java.lang.reflect")) {
                find(tree, "reflection");
            }
            if (imported.startsWith("net.jqwik")) {
                find(tree, "net.jqwik is banned");
            }
            if (imported.startsWith(ROOT)) {
                checkRoom(tree, imported);
            }
            // Not below: a qualified name in an import is not a use.
            return null;
        }

        private void checkRoom(ImportTree tree, String imported) {
            if (source.path().contains("simulator/src/")
                    && !imported.startsWith(ROOT + "simulator")) {
                find(tree, "the simulator must not import the server");
            }
            if (!source.isServer()) {
                return;
            }
            String importedRoom = roomOf(imported);
            if (!Rooms.mayImport(room, importedRoom)) {
                find(tree, room + " must not import " + importedRoom);
            }
        }

        @Override
        public Void visitClass(ClassTree tree, Void unused) {
            if (BANNED_NAME.matcher(tree.getSimpleName()).matches()) {
                find(tree, "name " + tree.getSimpleName() + " says nothing");
            }
            Tree.Kind outer = classKind;
            classKind = tree.getKind();
            super.visitClass(tree, null);
            classKind = outer;
            return null;
        }

        @Override
        public Void visitMethod(MethodTree tree, Void unused) {
            long lines =
                    line(positions.getEndPosition(unit, tree))
                            - line(positions.getStartPosition(unit, tree))
                            + 1;
            if (lines > METHOD_LINES_MAX) {
                find(tree, tree.getName() + " has " + lines + " lines, limit " + METHOD_LINES_MAX);
            }
            boolean isRecordConstructor =
                    tree.getReturnType() == null && classKind == Tree.Kind.RECORD;
            if (tree.getParameters().size() > PARAMETERS_MAX && !isRecordConstructor) {
                find(tree, tree.getName() + " has " + tree.getParameters().size() + " parameters");
            }
            return super.visitMethod(tree, null);
        }

        @Override
        public Void visitMemberSelect(MemberSelectTree tree, Void unused) {
            checkCall(tree, tree.toString());
            return super.visitMemberSelect(tree, null);
        }

        @Override
        public Void visitMemberReference(MemberReferenceTree tree, Void unused) {
            checkCall(tree, tree.getQualifierExpression() + "." + tree.getName());
            return super.visitMemberReference(tree, null);
        }

        @Override
        public Void visitIdentifier(IdentifierTree tree, Void unused) {
            if (tree.getName().contentEquals("ThreadLocal")) {
                find(tree, "ThreadLocal: a million virtual threads would each hold one");
            }
            return super.visitIdentifier(tree, null);
        }

        @Override
        public Void visitNewClass(NewClassTree tree, Void unused) {
            String type = tree.getIdentifier().toString();
            if (tree.getArguments().isEmpty()
                    && (type.startsWith("LinkedBlockingQueue")
                            || type.startsWith("LinkedBlockingDeque"))) {
                find(tree, type + " without a bound");
            }
            return super.visitNewClass(tree, null);
        }

        private void checkCall(Tree tree, String call) {
            if (source.isServer() && !room.equals("time") && CLOCK_CALLS.contains(call)) {
                find(tree, call + " is allowed in room time only");
            }
            if (source.isTest() && call.equals("Thread.sleep")) {
                find(tree, "a test must not sleep");
            }
            if (!source.isTest() && BANNED_CALLS.contains(call) && !isMain(call)) {
                find(tree, call + " is banned");
            }
        }

        private boolean isMain(String call) {
            return call.equals("System.exit") && source.path().endsWith("Main.java");
        }

        private void find(Tree tree, String message) {
            long line = line(positions.getStartPosition(unit, tree));
            findings.add(source.path() + ":" + line + ": " + message);
        }

        private long line(long position) {
            return unit.getLineMap().getLineNumber(position);
        }
    }
}
