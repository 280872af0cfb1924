package io.whimbrel.doctor;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.Console;
import io.whimbrel.cli.DataOptions;
import io.whimbrel.config.Config;
import io.whimbrel.time.SteadyClock;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/// `whimbrel doctor`: looks at what signs mail here: who computes signatures, and whether each key
/// can be used. Needs no node that runs. Exit 0 where nothing is wrong, else 1. Confined to one
/// thread.
@Command(
        name = "doctor",
        description = {
            "Look whether this machine is fit to send: who computes signatures, and with -c FILE"
                    + " whether each key of [[dkim]] can be used.",
            "Exit 1 where something is wrong."
        })
public final class DoctorCommand implements Callable<Integer> {
    @Mixin private Console console = new Console();
    @Mixin private DataOptions data = new DataOptions();

    @Override
    public Integer call() {
        return console.run(() -> {
            List<Finding> findings = new ArrayList<>(SigningCheckup.providers());
            if (data.isGiven()) {
                Config config = data.config();
                findings.addAll(SigningCheckup.keys(config, new SteadyClock()));
            }
            findings.forEach(this::print);
            boolean isWell = findings.stream().noneMatch(one -> one.state() == Finding.State.BAD);
            return isWell ? Console.OK : Console.FAILED;
        });
    }

    private void print(Finding finding) {
        if (console.isJson()) {
            console.printJson(
                    Json.object()
                            .put("about", finding.about())
                            .put("state", finding.state().word())
                            .put("text", finding.text()));
        } else {
            console.out()
                    .printf(
                            "%-4s %s: %s%n",
                            finding.state().word(), finding.about(), finding.text());
        }
    }
}
