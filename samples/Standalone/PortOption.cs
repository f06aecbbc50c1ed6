namespace Standalone;

/// <summary>A port on localhost and the option that changes it.</summary>
internal readonly record struct PortOption(string Option, int Port)
{
    public string Address => $"localhost:{Port}";

    public string Url => $"http://localhost:{Port}";

    public string HttpsUrl => $"https://localhost:{Port}";
}
