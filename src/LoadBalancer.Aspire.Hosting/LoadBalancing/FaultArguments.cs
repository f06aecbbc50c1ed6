using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration.Commands;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The inputs of commands that switch faults on.</summary>
internal static class FaultArguments
{
    private const string Latency = "latency";
    private const string Jitter = "jitter";
    private const string Rate = "bytes-per-second";
    private const string Reset = "reset-after-bytes";
    private const string Refuse = "refuse";
    private const string BlackHole = "black-hole";
    private const string Status = "status";
    private const string Percent = "percent";

    private static readonly InteractionInput[] Layer4 =
    [
        Number(Latency, "Latency, ms", "0 to 600,000, each way"),
        Number(Jitter, "Jitter, ms", "up to so much more, drawn anew each time"),
        Number(Rate, "Bytes a second", "1 to 1,000,000,000; empty for no limit"),
        Number(Reset, "Reset after bytes", "from the backend; empty for never"),
        Switch(Refuse, "Refuse new connections"),
        Switch(BlackHole, "Black hole: swallow everything"),
    ];

    private static readonly InteractionInput[] Layer7 =
    [
        .. Layer4,
        Number(Status, "Status", "200 to 599, answered instead of forwarding; empty for none"),
        Number(Percent, "Percent of requests", "0 to 100; empty for all"),
    ];

    /// <summary>Those that a balancer of its layer can do.</summary>
    public static IReadOnlyList<InteractionInput> For(LoadBalancerResource balancer) => balancer is Layer7LoadBalancerResource ? Layer7 : Layer4;

    /// <exception cref="LoadBalancerCommandException">A number is none, or out of range.</exception>
    public static FaultOptions Read(InteractionInputCollection arguments)
    {
        var faults = new FaultOptions
        {
            LatencyMilliseconds = Number(arguments, Latency) ?? 0,
            JitterMilliseconds = Number(arguments, Jitter) ?? 0,
            BytesPerSecond = Number(arguments, Rate),
            ResetAfterBytes = Number(arguments, Reset),
            Status = Number(arguments, Status),
            Percent = Number(arguments, Percent) ?? 100,
            Refuse = Text(arguments, Refuse) is "true" or "True",
            BlackHole = Text(arguments, BlackHole) is "true" or "True",
        };
        return faults.IsNone ? throw new LoadBalancerCommandException("Nothing was asked for; must have at least one fault.") : faults;
    }

    private static InteractionInput Number(string name, string label, string description) =>
        new() { Name = name, Label = label, Description = description, InputType = InputType.Number };

    private static InteractionInput Switch(string name, string label) => new() { Name = name, Label = label, InputType = InputType.Boolean };

    private static string? Text(InteractionInputCollection arguments, string name) => arguments.TryGetByName(name, out var input) ? input?.Value : null;

    private static int? Number(InteractionInputCollection arguments, string name)
    {
        var text = Text(arguments, name);
        return string.IsNullOrWhiteSpace(text) ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new LoadBalancerCommandException($"{name}: '{text}' is not allowed; must be a whole number.");
    }
}
