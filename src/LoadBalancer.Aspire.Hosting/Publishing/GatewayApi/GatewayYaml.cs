using System.Text;
using YamlDotNet.Serialization;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Writes resources as one YAML file, with their notes in front of them as comments.</summary>
internal static class GatewayYaml
{
    public static string Of(GatewayModel model, IReadOnlyList<GatewayResource> resources)
    {
        var serializer = new SerializerBuilder().WithQuotingNecessaryStrings().WithIndentedSequences().Build();
        var yaml = new StringBuilder();
        var channel = model.Target.IsExperimental ? "experimental" : "standard";
        AppendComment(yaml, $"Load balancer '{model.Name}' as resources of the Kubernetes Gateway API {VersionOf(model.Target.Version)}, {channel} channel.");
        AppendComment(yaml, "Written from the AppHost by LoadBalancer.Aspire.Hosting; the next publish writes it anew.");
        foreach (var resource in resources)
        {
            yaml.Append("---\n");
            foreach (var note in resource.Notes)
            {
                AppendComment(yaml, note);
            }

            var metadata = new Dictionary<string, object> { ["name"] = resource.Name };
            if (model.Target.Namespace is { } name)
            {
                metadata["namespace"] = name;
            }

            yaml.Append(serializer.Serialize(new Dictionary<string, object>
            {
                ["apiVersion"] = $"gateway.networking.k8s.io/{resource.Version}",
                ["kind"] = resource.Kind,
                ["metadata"] = metadata,
                ["spec"] = resource.Spec,
            }).ReplaceLineEndings("\n"));
        }

        return yaml.ToString();
    }

    private static string VersionOf(GatewayApiVersion version) => version switch
    {
        GatewayApiVersion.V14 => "1.4",
        GatewayApiVersion.V15 => "1.5",
        _ => "1.6",
    };

    // A note may have a value of the user's, with whatever is in it.
    private static void AppendComment(StringBuilder yaml, string text) =>
        yaml.Append("# ").Append(string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c))).Append('\n');
}
