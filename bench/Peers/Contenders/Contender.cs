using LoadBalancer.Configuration;
using Peers.Machine;
using Peers.Processes;

namespace Peers.Contenders;

/// <summary>
/// One that is measured. Its configurations are the files <c>Configurations/NAME/JOB.*</c>: a job without a file is
/// one that it cannot do.
/// </summary>
internal sealed record Contender(string Name)
{
    private static readonly Dictionary<Protocol, string> AllProtocols = Enum.GetValues<Protocol>().ToDictionary(protocol => protocol, _ => "");

    /// <summary>Nothing in between: the client speaks to a backend.</summary>
    public bool IsDirect => Command is null;

    /// <summary>Whether it is one of those that we compare ourselves with.</summary>
    public bool IsPeer { get; init; }

    /// <summary>Whether it is ours once more, set up to tell more: it takes part where a case asks for that.</summary>
    public bool TellsMore { get; init; }

    /// <summary>Whether it offers its figures to Prometheus; the peers have nothing like it in their configurations.</summary>
    public bool HasMetrics { get; init; }

    /// <summary>Its environment variables, beside the few that everybody has; <c>{{collector}}</c> is where OTLP goes.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The folder of its configurations.</summary>
    public string Folder { get; init; } = Name;

    /// <summary>The program that must be installed; null when this repository builds it.</summary>
    public string? Program { get; init; }

    /// <summary>Extension of the file that it is started with.</summary>
    public string Extension { get; init; } = "json";

    /// <summary>How it is started with a configuration file; null for the client's direct way.</summary>
    public Func<string, Command>? Command { get; init; }

    /// <summary>Its words for a policy; a policy that is not here is one that it does not have.</summary>
    public IReadOnlyDictionary<SelectionPolicy, string> Policies { get; init; } = Enum.GetValues<SelectionPolicy>().ToDictionary(policy => policy, policy => policy.ToString());

    /// <summary>Its words for the protocol of a listener; a protocol that is not here is one that it does not speak.</summary>
    public IReadOnlyDictionary<Protocol, string> Protocols { get; init; } = AllProtocols;

    private string Configurations => Path.Combine(AppContext.BaseDirectory, "Configurations", Folder);

    /// <returns>Why it cannot be measured on this machine at all; null when it can.</returns>
    public string? WhyMissing() => Program is not null && Programs.Find(Program) is null ? $"{Name} is left out: {Programs.Advice(Program)}." : null;

    /// <summary>Whether it can do a job in a way.</summary>
    public bool Can(string job, Protocol protocol, SelectionPolicy policy) =>
        IsDirect || (File.Exists(Path.Combine(Configurations, $"{job}.{Extension}")) && Protocols.ContainsKey(protocol) && Policies.ContainsKey(policy));

    /// <summary>Writes the job's files with their values filled in.</summary>
    /// <returns>The file to start it with.</returns>
    public string WriteConfiguration(string job, string directory, TemplateValues values)
    {
        foreach (var file in Directory.EnumerateFiles(Configurations, $"{job}.*"))
        {
            File.WriteAllText(Path.Combine(directory, Path.GetFileName(file)), Template.Fill(File.ReadAllText(file), values));
        }

        return Path.Combine(directory, $"{job}.{Extension}");
    }
}
