package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Runs the program as its users do, in a process of its own.
class SimulatorMainTest {

    private static Process start(String... arguments) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(SimulatorMain.class.getName());
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static BufferedReader output(Process process) {
        return process.inputReader(StandardCharsets.UTF_8);
    }

    private static JsonNode json(BufferedReader out) throws IOException {
        return JsonMapper.shared().readTree(out.readLine());
    }

    @Test
    void endOfInput_leavesItUpAndSigtermPrintsCounters() throws IOException, InterruptedException {
        Process process = start("--json", "--control", "--time-scale", "100");
        try (var out = output(process)) {
            JsonNode world = json(out);
            assertThat(world.get("dns").asString()).startsWith("127.0.0.1:");
            assertThat(world.get("smtpPort").asInt()).isPositive();
            assertThat(world.get("providers").get(0).get("name").asString()).isEqualTo("gmail");
            assertThat(world.get("providers").get(0).get("addresses").get(0).asString())
                    .isEqualTo("127.77.1.1");
            try (var in = process.outputWriter()) {
                in.write("counters\n");
            }
            assertThat(json(out).get("total").get("connections").asInt()).isZero();
            // Standard input has ended by now.
            process.toHandle().destroy();
            JsonNode counters = json(out);
            assertThat(counters.get("counters").get("gmail").get("acceptedRecipients").asInt())
                    .isZero();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void start_printsTheConfigurationThatAServerNeeds() throws IOException {
        Process process = start();
        try (var out = output(process)) {
            List<String> lines = out.lines().takeWhile(line -> !line.startsWith("Ctrl-C")).toList();
            assertThat(lines)
                    .containsSubsequence("  [dns]", "  [delivery]")
                    .anyMatch(line -> line.matches(" +servers = \\[\"127\\.0\\.0\\.1:[0-9]+\"]"))
                    .anyMatch(line -> line.matches(" +port = [0-9]+"))
                    .contains("  allow-private = [\"127.0.0.0/8\", \"::1/128\"]");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void badOption_isNamed() throws IOException, InterruptedException {
        Process process = start("--prot", "25");
        try (var out = output(process)) {
            assertThat(out.readLine()).contains("--prot");
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(2);
        } finally {
            process.destroyForcibly();
        }
    }
}
