using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7;
using LoadBalancer.Layer7.AccessLog;
using LoadBalancer.Layer7.Routing;
using LoadBalancer.Layer7.Tls;

namespace LoadBalancer.Server.Configuration;

/// <summary>A configuration that was read and is not in force: the file with the environment variables over it.</summary>
/// <param name="Data">What the file says, as configuration keys.</param>
/// <param name="Options">The options; null when there are errors.</param>
/// <param name="Errors">Every error, a readable line each.</param>
internal sealed record ConfigurationCandidate(IDictionary<string, string?> Data, LoadBalancerOptions? Options, IReadOnlyList<string> Errors)
{
    /// <summary>Whether the text was not even JSON: perhaps it was being written.</summary>
    public bool IsMalformed { get; private init; }

    /// <summary>Reads a file.</summary>
    public static ConfigurationCandidate Read(string path)
    {
        IConfigurationRoot file;
        try
        {
            using var stream = File.OpenRead(path);
            file = new ConfigurationBuilder().AddJsonStream(stream).Build();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Malformed($"{path}: cannot be read: {exception.Message}");
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidDataException or InvalidOperationException)
        {
            return Malformed($"{path}: {Explain(exception)}");
        }

        var environment = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        var merged = new ConfigurationBuilder().AddConfiguration(file).AddConfiguration(environment).Build();
        var result = ConfigurationReader.Read(merged, options =>
        {
            var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
            CertificateValidator.ResolvePaths(options, directory);
            AccessLogValidator.ResolvePaths(options, directory);
            return [.. RouteValidator.Validate(options), .. CertificateValidator.Validate(options), .. AccessLogValidator.Validate(options), .. Quic.Validate(options)];
        });
        List<ConfigurationError> errors = [.. ConfigurationReader.UnknownSections(file), .. result.Errors, .. BadLogLevels(merged.GetSection("Logging"))];
        var data = new Dictionary<string, string?>(file.AsEnumerable(), StringComparer.OrdinalIgnoreCase);
        return new(data, errors.Count == 0 ? result.Options : null, [.. errors.Select(error => $"{SourceOf(error.Key)}: {error}")]);

        string SourceOf(string key) => environment.GetSection(key).Exists() ? $"environment variable {key.Replace(":", "__")}" : path;
    }

    /// <summary>Whether a file was written anew without a change.</summary>
    public bool SaysTheSameAs(ConfigurationCandidate other) =>
        Data.Count == other.Data.Count && Data.All(pair => other.Data.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static ConfigurationCandidate Malformed(string error) =>
        new(new Dictionary<string, string?>(), null, [error]) { IsMalformed = true };

    // The logging framework throws at the first line it would write.
    private static IEnumerable<ConfigurationError> BadLogLevels(IConfigurationSection logging) =>
        from section in logging.GetChildren().Append(logging)
        from level in section.GetSection("LogLevel").GetChildren()
        where level.Value is not null && !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out _)
        select new ConfigurationError(level.Path, $"'{level.Value}' is not allowed; must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}");

    private static string Explain(Exception exception) => (exception as JsonException ?? exception.InnerException as JsonException) is { } json
        ? $"line {json.LineNumber + 1}, position {json.BytePositionInLine + 1}: not JSON: {json.Message.Split(". ")[0].Split(" LineNumber")[0]}"
        : exception.Message;
}
